package io.sediment.lsm.lane;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.manifest.L0Ref;
import io.sediment.lsm.manifest.LaneFencedException;
import io.sediment.lsm.manifest.Manifest;
import io.sediment.lsm.manifest.ManifestEdit.AdoptSealed;
import io.sediment.lsm.manifest.ManifestEdit.ClaimEpoch;
import io.sediment.lsm.manifest.ManifestStore;
import io.sediment.lsm.manifest.PartitionTable;
import io.sediment.lsm.manifest.PartitionTableLayout;
import io.sediment.lsm.manifest.TableRef;
import io.sediment.lsm.manifest.WriterTerm;
import io.sediment.lsm.object.SortedObject;
import io.sediment.objectstore.ByteRange;
import io.sediment.objectstore.ObjectBody;
import io.sediment.runtime.Failures;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Takes a lane over: makes sure that nobody appends to it any more, and that the manifest names
 * everything that was acknowledged. What opening a lane and sealing a dead broker's have in common.
 *
 * <p>The order is what makes it safe. Claiming the epoch in the manifest comes first: from then on
 * no older owner can publish an L0, so nothing this walks over is collected as garbage. Then the
 * fences, from that manifest's {@code replayAfter} on. Then a look whether the epoch is still ours,
 * since another sealer may have overtaken us. Only then one commit adopts the sealed WAL objects as
 * they are; no data is read or rewritten. Every step can be done again.
 */
final class LaneRecovery {
  /**
   * A lane that is ours and at rest.
   *
   * @param table where every partition ends
   * @param sealed the WAL objects just adopted
   */
  record Recovered(
      ManifestStore manifests,
      WriterTerm term,
      Manifest manifest,
      PartitionTable table,
      List<SortedObject> sealed) {}

  /** Number of the partition table that comes with the adoption: the first data object. */
  static final long ADOPTION_TABLE = 1;

  private final LaneEnvironment environment;
  private final PatientStore store;
  private final LaneId lane;
  private final WriterTerm term;
  private final ManifestStore manifests;

  LaneRecovery(
      LaneEnvironment environment,
      PatientStore store,
      LaneId lane,
      WriterTerm term,
      ManifestStore manifests) {
    this.environment = environment;
    this.store = store;
    this.lane = lane;
    this.term = term;
    this.manifests = manifests;
  }

  CompletableFuture<Recovered> recover() {
    return manifests
        .open()
        .thenCompose(newest -> manifests.commit(new ClaimEpoch(term)))
        .thenCompose(
            claimed ->
                environment
                    .logs()
                    .seal(lane, claimed.replayAfter(), term.epoch())
                    .handle(this::ended)
                    .thenCompose(end -> end))
        .thenCompose(this::adopt);
  }

  /** What is missing may have been collected by whoever has the lane now. */
  private CompletableFuture<List<SortedObject>> ended(
      @Nullable List<SortedObject> objects, @Nullable Throwable failure) {
    if (failure == null) {
      return whileStillOurs(Objects.requireNonNull(objects));
    }
    Throwable cause = Failures.causeOf(failure);
    CompletableFuture<List<SortedObject>> failed = CompletableFuture.failedFuture(cause);
    return cause instanceof CorruptObjectException
        ? whileStillOurs(List.of()).thenCompose(ours -> failed)
        : failed;
  }

  private CompletableFuture<List<SortedObject>> whileStillOurs(List<SortedObject> sealed) {
    return manifests
        .refresh()
        .thenApply(
            newest -> {
              if (!newest.term().equals(term)) {
                throw new LaneFencedException(
                    "lane="
                        + lane
                        + " was claimed while it was sealed: by "
                        + newest.term()
                        + " after "
                        + term,
                    newest.term());
              }
              return sealed;
            });
  }

  private CompletableFuture<Recovered> adopt(List<SortedObject> sealed) {
    WalSlot replayAfter = new WalSlot(term.epoch(), 0);
    return loadTable(manifests.current())
        .thenCompose(
            before -> {
              TableFold fold = new TableFold(before);
              sealed.forEach(fold::add);
              PartitionTable table = fold.table(term.epoch(), ADOPTION_TABLE);
              List<L0Ref> refs = sealed.stream().map(L0Ref::of).toList();
              return (sealed.isEmpty() ? noTable() : write(table))
                  .thenCompose(
                      ref -> manifests.commit(new AdoptSealed(term, refs, ref, replayAfter)))
                  .thenApply(manifest -> new Recovered(manifests, term, manifest, table, sealed));
            });
  }

  private static CompletableFuture<@Nullable TableRef> noTable() {
    return CompletableFuture.completedFuture(null);
  }

  private CompletableFuture<@Nullable TableRef> write(PartitionTable table) {
    return writeTable(store, table).thenApply(ref -> ref);
  }

  /** Stores a partition table; its number must never have been used for another one. */
  static CompletableFuture<TableRef> writeTable(PatientStore store, PartitionTable table) {
    ByteBuffer encoded = PartitionTableLayout.encode(table);
    TableRef ref = PartitionTableLayout.refOf(table, encoded);
    return store
        .putOurs("partition table put", ref.key(table.lane()), ObjectBody.of(encoded))
        .thenApply(done -> ref);
  }

  private CompletableFuture<PartitionTable> loadTable(Manifest manifest) {
    TableRef ref = manifest.table();
    if (ref == null) {
      return CompletableFuture.completedFuture(new TableFold(lane).table(term.epoch(), 0));
    }
    return store.read(
        "partition table read",
        ref.key(lane),
        ByteRange.all(),
        stored -> PartitionTableLayout.decode(lane, ref, stored.bytes()));
  }
}
