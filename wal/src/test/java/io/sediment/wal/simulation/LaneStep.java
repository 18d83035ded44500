package io.sediment.wal.simulation;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.manifest.Manifest;
import io.sediment.lsm.manifest.StoredManifests;
import io.sediment.lsm.object.ObjectNames;
import io.sediment.lsm.object.ObjectNames.BoundaryName;
import io.sediment.lsm.object.ObjectNames.DataName;
import io.sediment.lsm.object.ObjectNames.ManifestName;
import io.sediment.lsm.object.ObjectNames.ObjectName;
import io.sediment.lsm.object.ObjectNames.WalName;
import io.sediment.lsm.object.SortedObject;
import io.sediment.simulation.SimObjectStore;
import io.sediment.simulation.StoreOp;
import io.sediment.simulation.StoreRequest;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The steps of a lane's protocols, each of them one request: what a process that dies there has
 * sent, has done, or has been told.
 */
public enum LaneStep {
  WRITE_SLOT,
  SEAL_CLAIM,
  SEAL_LOOK_AT_SLOT,
  SEAL_FENCE,
  SEAL_ADOPT,
  FLUSH_OBJECT,
  FLUSH_TABLE,
  FLUSH_COMMIT,
  COMMIT_READ_BOUNDARY,
  COMPACTION_CLAIM,
  COMPACTION_OBJECT,
  COMPACTION_BEGIN_UPLOAD,
  COMPACTION_PART,
  COMPACTION_COPIED_PART,
  COMPACTION_COMPLETE_UPLOAD,
  COMPACTION_DIRECTORY,
  COMPACTION_PROGRESS,
  COMPACTION_COMMIT,
  GC_RAISE_BOUNDARY,
  GC_LIST,
  GC_DELETE_MANIFESTS,
  GC_DELETE_LOG,
  GC_DELETE_DATA;

  /** Where in a step a process dies. */
  public static final StoreRequest.Phase[] MOMENTS = {
    StoreRequest.Phase.SENT, StoreRequest.Phase.LANDED, StoreRequest.Phase.ANSWERED
  };

  /** Which step a request is; called while observers are told of it. */
  static Optional<LaneStep> of(SimObjectStore bucket, StoreRequest request) {
    if (request.op() == StoreOp.LIST) {
      return Optional.of(GC_LIST);
    }
    return request.keys().isEmpty()
        ? Optional.empty()
        : ObjectNames.parse(request.key()).flatMap(name -> of(bucket, request, name));
  }

  private static Optional<LaneStep> of(
      SimObjectStore bucket, StoreRequest request, ObjectName name) {
    return switch (request.op()) {
      case PUT_IF_ABSENT, PUT_IF_MATCH -> Optional.ofNullable(put(bucket, request, name));
      case GET ->
          name instanceof WalName
              ? Optional.of(SEAL_LOOK_AT_SLOT)
              : name instanceof BoundaryName ? Optional.of(COMMIT_READ_BOUNDARY) : Optional.empty();
      case DELETE ->
          Optional.of(
              name instanceof WalName
                  ? GC_DELETE_LOG
                  : name instanceof ManifestName ? GC_DELETE_MANIFESTS : GC_DELETE_DATA);
      case START_MULTIPART -> Optional.of(COMPACTION_BEGIN_UPLOAD);
      case PUT_PART -> Optional.of(COMPACTION_PART);
      case COPY_PART -> Optional.of(COMPACTION_COPIED_PART);
      case COMPLETE_MULTIPART -> Optional.of(COMPACTION_COMPLETE_UPLOAD);
      default -> Optional.empty();
    };
  }

  private static @Nullable LaneStep put(
      SimObjectStore bucket, StoreRequest request, ObjectName name) {
    if (name instanceof WalName) {
      return request.bodyLength() == SortedObject.FENCE_LENGTH ? SEAL_FENCE : WRITE_SLOT;
    }
    if (name instanceof BoundaryName) {
      return GC_RAISE_BOUNDARY;
    }
    if (name instanceof DataName data) {
      return switch (data.kind()) {
        case L0 -> FLUSH_OBJECT;
        case TABLE -> FLUSH_TABLE;
        case L1 -> COMPACTION_OBJECT;
        case DIRECTORY -> COMPACTION_DIRECTORY;
      };
    }
    return name instanceof ManifestName manifest ? commit(bucket, manifest) : null;
  }

  /** By what it changes; null where it changes nothing of these, or its base is gone. */
  private static @Nullable LaneStep commit(SimObjectStore bucket, ManifestName name) {
    LaneId lane = name.lane();
    Manifest after = StoredManifests.decode(name, bucket.bodyBeingTold());
    Manifest before =
        name.id() == 1
            ? Manifest.none(lane)
            : StoredManifests.at(bucket, lane, name.id() - 1).orElse(null);
    if (before == null) {
      return null;
    }
    if (!after.term().equals(before.term())) {
      return SEAL_CLAIM;
    }
    if (!after.replayAfter().equals(before.replayAfter())) {
      return after.replayAfter().seq() == 0 ? SEAL_ADOPT : FLUSH_COMMIT;
    }
    if (!after.level1().compactorId().equals(before.level1().compactorId())) {
      return COMPACTION_CLAIM;
    }
    if (!after.level1().runs().equals(before.level1().runs())) {
      return COMPACTION_COMMIT;
    }
    return after.level1().equals(before.level1()) ? null : COMPACTION_PROGRESS;
  }
}
