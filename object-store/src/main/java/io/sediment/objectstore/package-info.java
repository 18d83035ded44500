/**
 * The bucket, seen through one small port.
 *
 * <p>{@link io.sediment.objectstore.ObjectStore} carries the contract; local filesystem, S3 and
 * memory implement it, decorators retry and meter it, and one test suite ({@code
 * ObjectStoreContract}) proves each of them. All of Sediment's safety inside a lane rests on one
 * promise made here: of several concurrent {@code putIfAbsent} calls for a key, at most one sees
 * {@code Created}. No protocol depends on {@code list}.
 *
 * <p>Thread-safe throughout. Futures complete on threads of the implementation: continuations must
 * be short, or hop to an executor of their own.
 */
@NullMarked
package io.sediment.objectstore;

import org.jspecify.annotations.NullMarked;
