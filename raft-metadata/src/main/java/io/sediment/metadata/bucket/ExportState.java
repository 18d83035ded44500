package io.sediment.metadata.bucket;

import io.sediment.metadata.CommandLayout;
import io.sediment.metadata.CorruptMetadataException;
import io.sediment.metadata.MetadataImage;

/**
 * What the export register holds up to some number.
 *
 * @param image what comes out of it all; the image of an empty cluster before the first snapshot
 * @param term of the last index
 * @param index Raft index up to which it is exported; -1 for none
 * @param nextNumber first number that is not taken into account
 * @param snapshotNumber newest snapshot among them
 * @param snapshotBytes its size
 * @param deltaCount numbers since then
 * @param deltaBytes their size
 */
public record ExportState(
    MetadataImage image,
    long term,
    long index,
    long nextNumber,
    long snapshotNumber,
    long snapshotBytes,
    int deltaCount,
    long deltaBytes) {
  static ExportState startingAt(MetadataImage nothing, long number) {
    return new ExportState(nothing, 0, -1, number, number, 0, 0, 0);
  }

  ExportState withImage(MetadataImage same) {
    return new ExportState(
        same, term, index, nextNumber, snapshotNumber, snapshotBytes, deltaCount, deltaBytes);
  }

  /** The state after an object that this process wrote itself, up to {@code last}. */
  ExportState plusOwn(AppliedCommand last, boolean snapshot, int bytes) {
    return new ExportState(
        last.image(),
        last.term(),
        last.index(),
        nextNumber + 1,
        snapshot ? nextNumber : snapshotNumber,
        snapshot ? bytes : snapshotBytes,
        snapshot ? 0 : deltaCount + 1,
        snapshot ? 0 : deltaBytes + bytes);
  }

  /**
   * The state after one more object.
   *
   * @throws CorruptMetadataException where it does not follow on what is here
   * @throws FencedMetadataException where it is a fence
   */
  ExportState plus(ExportObject object, int bytes) {
    ExportObject.Header header = object.header();
    if (header.number() != nextNumber || header.incarnation() != image.incarnation()) {
      throw new CorruptMetadataException(
          "export " + image.incarnation() + "/" + nextNumber + " holds " + header);
    }
    if (object instanceof ExportObject.Fence) {
      throw new FencedMetadataException(
          "the bucket was taken over by a newer incarnation: exports of incarnation "
              + image.incarnation()
              + " end at number "
              + nextNumber);
    }
    if (object instanceof ExportObject.Snapshot snapshot) {
      // The first one of those that are kept has nothing before it.
      return new ExportState(
          snapshot.image(),
          header.lastTerm(),
          header.lastIndex(),
          nextNumber + 1,
          nextNumber,
          bytes,
          0,
          0);
    }
    if (header.previousIndex() != index) {
      throw new CorruptMetadataException("export " + header + " does not follow on index " + index);
    }
    MetadataImage next = image;
    for (ExportObject.Entry entry : ((ExportObject.Delta) object).entries()) {
      next = CommandLayout.decode(entry.command()).applyTo(next).image().withVersion(entry.index());
    }
    return new ExportState(
        next,
        header.lastTerm(),
        header.lastIndex(),
        nextNumber + 1,
        snapshotNumber,
        snapshotBytes,
        deltaCount + 1,
        deltaBytes + bytes);
  }
}
