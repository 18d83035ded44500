/**
 * Sorted objects: the one file format of the data path. A write-ahead log object, an L0 and an L1
 * object are all a header, sections of whole record batches in (partition, offset) order, and a
 * footer that indexes them; a fence is a header alone.
 *
 * <p>{@code SortedObjectLayout} is the only class that knows byte positions. What the writer
 * promises the reader verifies: magic, format version, kind, lengths, order, checksums.
 */
@NullMarked
package io.sediment.lsm.object;

import org.jspecify.annotations.NullMarked;
