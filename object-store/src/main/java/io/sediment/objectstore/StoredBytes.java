package io.sediment.objectstore;

import java.nio.ByteBuffer;

/**
 * What a read returned.
 *
 * @param bytes the range asked for, clipped to the object; owned by the caller, read or kept as it
 *     likes
 * @param objectLength length of the whole object in bytes
 * @param eTag version that was read
 */
public record StoredBytes(ByteBuffer bytes, long objectLength, ETag eTag) {}
