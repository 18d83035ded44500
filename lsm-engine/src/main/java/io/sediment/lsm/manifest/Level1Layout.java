package io.sediment.lsm.manifest;

import io.sediment.lsm.codec.ByteReader;
import io.sediment.lsm.codec.ByteWriter;
import io.sediment.lsm.codec.ExtensionFields;
import io.sediment.lsm.object.SortedObjectKind;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Level 1 in two extension fields of the manifest, both absent in a lane that was never compacted.
 *
 * <pre>
 * field 1, runs:
 * runCount         varint, then each
 *    epoch, number, length   varint   the directory
 *    checksum        4
 *    retentionClass, partitionCount, dataBytes   varint
 *    maxTimestamp    zigzag
 *    coversAfter     epoch varint, number varint
 *    coversUpTo      epoch varint, number varint
 *    changesEpoch    varint
 *    objectCount     varint, then each
 *      kind          1   see SortedObjectKind
 *      epoch, number, length   varint
 *      footerCrc     4
 *
 * field 5, the compactor:
 * compactorId      16
 * hasJob           varint, 0 or 1; with 1 also
 *    runCount        varint, then each: epoch varint, number varint
 *    l0Count         varint, then each: isAdoptedWal varint, epoch varint, number varint
 *    outputCount     varint, then each as an object above
 * </pre>
 */
final class Level1Layout {
  static final int RUNS_TAG = 1;
  static final int COMPACTOR_TAG = 5;

  private static final int RUN_SIZE_MIN = 17;
  private static final int OBJECT_SIZE_MIN = 8;

  private Level1Layout() {}

  static ExtensionFields addTo(ExtensionFields fields, Level1 level1) {
    ExtensionFields all = fields;
    if (!level1.runs().isEmpty()) {
      all = all.with(RUNS_TAG, encodeRuns(level1.runs()));
    }
    if (level1.compactorEpoch() > 0) {
      all = all.with(COMPACTOR_TAG, encodeCompactor(level1));
    }
    return all;
  }

  static ExtensionFields removeFrom(ExtensionFields fields) {
    return fields.without(RUNS_TAG).without(COMPACTOR_TAG);
  }

  static Level1 decode(ExtensionFields fields, long compactorEpoch, long lowMark) {
    ByteBuffer runField = fields.get(RUNS_TAG);
    List<RunRef> runs = runField == null ? List.of() : decodeRuns(runField);
    ByteBuffer compactorField = fields.get(COMPACTOR_TAG);
    if (compactorField == null) {
      return new Level1(compactorEpoch, new UUID(0, 0), lowMark, runs, null);
    }
    ByteReader in = new ByteReader(compactorField, "manifest compactor");
    UUID compactorId = in.uuid();
    JobProgress job = in.varintUpTo(1, "has job") == 1 ? decodeJob(in) : null;
    in.end();
    return new Level1(compactorEpoch, compactorId, lowMark, runs, job);
  }

  private static byte[] encodeRuns(List<RunRef> runs) {
    ByteWriter out = new ByteWriter(8 + runs.size() * 64);
    out.varint(runs.size());
    for (RunRef run : runs) {
      out.varint(run.epoch());
      out.varint(run.number());
      out.varint(run.length());
      out.i32(run.checksum());
      out.varint(run.retentionClass());
      out.varint(run.partitionCount());
      out.varint(run.dataBytes());
      out.zigzag(run.maxTimestamp());
      encodePlace(out, run.coversAfter());
      encodePlace(out, run.coversUpTo());
      out.varint(run.changesEpoch());
      encodeObjects(out, run.objects());
    }
    return out.toByteArray();
  }

  private static List<RunRef> decodeRuns(ByteBuffer field) {
    ByteReader in = new ByteReader(field, "manifest runs");
    int count = in.count(RUN_SIZE_MIN, "runs");
    List<RunRef> runs = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      runs.add(
          new RunRef(
              in.natural("run epoch"),
              in.natural("run number"),
              in.natural("directory length"),
              in.i32(),
              in.naturalInt("retentionClass"),
              in.naturalInt("partitionCount"),
              in.natural("dataBytes"),
              in.zigzag(),
              decodePlace(in),
              decodePlace(in),
              in.natural("changesEpoch"),
              decodeObjects(in)));
    }
    in.end();
    return runs;
  }

  private static byte[] encodeCompactor(Level1 level1) {
    ByteWriter out = new ByteWriter(64);
    out.uuid(level1.compactorId());
    @Nullable JobProgress job = level1.job();
    out.varint(job == null ? 0 : 1);
    if (job != null) {
      out.varint(job.runs().size());
      for (Place run : job.runs()) {
        encodePlace(out, run);
      }
      out.varint(job.l0().size());
      for (JobProgress.Source source : job.l0()) {
        out.varint(source.isAdoptedWal() ? 1 : 0);
        out.varint(source.epoch());
        out.varint(source.number());
      }
      encodeObjects(out, job.outputs());
    }
    return out.toByteArray();
  }

  private static JobProgress decodeJob(ByteReader in) {
    List<Place> runs = new ArrayList<>();
    for (int count = in.count(2, "job runs"); count > 0; count--) {
      runs.add(decodePlace(in));
    }
    List<JobProgress.Source> l0 = new ArrayList<>();
    for (int count = in.count(3, "job sources"); count > 0; count--) {
      boolean isAdoptedWal = in.varintUpTo(1, "is adopted") == 1;
      l0.add(
          new JobProgress.Source(
              isAdoptedWal, in.natural("source epoch"), in.natural("source number")));
    }
    return new JobProgress(runs, l0, decodeObjects(in));
  }

  private static void encodePlace(ByteWriter out, Place place) {
    out.varint(place.epoch());
    out.varint(place.number());
  }

  private static Place decodePlace(ByteReader in) {
    return new Place(in.natural("epoch"), in.natural("number"));
  }

  private static void encodeObjects(ByteWriter out, List<DataRef> objects) {
    out.varint(objects.size());
    for (DataRef object : objects) {
      out.u8(object.kind().code());
      out.varint(object.epoch());
      out.varint(object.number());
      out.varint(object.length());
      out.i32(object.footerCrc());
    }
  }

  private static List<DataRef> decodeObjects(ByteReader in) {
    int count = in.count(OBJECT_SIZE_MIN, "objects");
    List<DataRef> objects = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      SortedObjectKind kind = SortedObjectKind.ofCode((byte) in.u8());
      if (kind == null) {
        throw in.corrupt("object of unknown kind");
      }
      objects.add(
          new DataRef(
              kind,
              in.natural("object epoch"),
              in.natural("object number"),
              in.natural("object length"),
              in.i32()));
    }
    return objects;
  }
}
