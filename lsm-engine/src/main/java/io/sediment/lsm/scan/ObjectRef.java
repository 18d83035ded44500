package io.sediment.lsm.scan;

import io.sediment.objectstore.ObjectKey;

/**
 * A sorted object that is part of the lane.
 *
 * @param length of the whole object in bytes
 * @param footerCrc which the object found under {@code key} must have
 */
public record ObjectRef(ObjectKey key, long length, int footerCrc) {}
