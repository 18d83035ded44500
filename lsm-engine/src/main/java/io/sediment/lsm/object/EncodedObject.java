package io.sediment.lsm.object;

import io.sediment.objectstore.ObjectBody;

/**
 * A sorted object ready to be put.
 *
 * @param body gathers the slices that were added, mostly without copying: they must stay as they
 *     are until no put can read the body any more
 * @param description what a reader will find
 */
public record EncodedObject(ObjectBody body, SortedObject description) {}
