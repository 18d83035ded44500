/**
 * Kafka's wire over Netty, and the only package that knows Netty.
 *
 * <p>Bytes are read from the socket straight into the buffer they are parsed from ({@code
 * FrameReader}); a whole frame becomes an {@code Exchange}, which carries one request to its
 * handler and one response back. Of a connection, requests are handled in arrival order without
 * waiting for earlier answers, and answers leave in that order; how many bytes and requests may be
 * under way is bounded, beyond it nothing is read. Responses gather record bytes by reference and
 * let go of them exactly once.
 *
 * <p>Everything of one connection runs on its event loop, which nothing here blocks.
 */
@NullMarked
package io.sediment.frontend.net;

import org.jspecify.annotations.NullMarked;
