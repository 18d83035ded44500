/**
 * One class per Kafka API: each translates a generated request message into calls on partition logs
 * and cluster metadata, and the outcome into a generated response message.
 *
 * <p>Handlers are stateless (or hold only what their API is about, such as fetch sessions) and
 * never block: {@code handle} runs on a network thread, and whatever takes time goes into the
 * returned future. The {@link io.sediment.frontend.handler.HandlerRegistry} is the one list of what
 * is served; ApiVersions advertises exactly that list.
 */
@NullMarked
package io.sediment.frontend.handler;

import org.jspecify.annotations.NullMarked;
