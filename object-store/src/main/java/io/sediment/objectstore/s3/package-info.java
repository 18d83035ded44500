/**
 * The bucket on S3 and on servers that speak its protocol; the one place that knows the AWS SDK.
 *
 * <p>{@link io.sediment.objectstore.s3.S3ObjectStore} keeps the contract of the port over the SDK's
 * asynchronous client on Netty: one attempt per call, no retries, every failure told as "may help
 * to try again" or "will not". Bodies are sent from the caller's own memory, so {@code
 * BodyInFlight} and {@code BodyChannel} keep track of who may still read it. One store has its own
 * connections and I/O threads: open two where catch-up reads must not hold up the log.
 *
 * <p>Futures complete on I/O threads.
 */
@NullMarked
package io.sediment.objectstore.s3;

import org.jspecify.annotations.NullMarked;
