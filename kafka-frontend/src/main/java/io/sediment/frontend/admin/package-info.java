/**
 * Handlers of the administrative APIs: topics, configs and what the cluster looks like. Each turns
 * a request into metadata commands and their results into Kafka's error codes.
 *
 * <p>Whether a change may happen is decided by the command when it is committed; what is judged
 * here is what only the front end knows: Kafka's rules for names, configs and the shape of
 * requests.
 */
@NullMarked
package io.sediment.frontend.admin;

import org.jspecify.annotations.NullMarked;
