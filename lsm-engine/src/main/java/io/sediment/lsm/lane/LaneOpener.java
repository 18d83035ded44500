package io.sediment.lsm.lane;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.gc.GarbageCollector;
import io.sediment.lsm.lane.LaneRecovery.Recovered;
import io.sediment.lsm.manifest.ManifestStore;
import io.sediment.lsm.manifest.WriterTerm;
import io.sediment.lsm.memtable.SlabFiller;
import io.sediment.lsm.memtable.SlabPool;
import io.sediment.lsm.memtable.TailCache;
import io.sediment.lsm.object.SortedObjectReader;
import io.sediment.lsm.run.DirectoryReader;
import io.sediment.lsm.scan.BlockCache;
import io.sediment.lsm.scan.IndexCache;
import io.sediment.lsm.scan.OldestBlocksSearch;
import io.sediment.lsm.scan.RangeScan;
import io.sediment.lsm.scan.ScanCounters;
import io.sediment.runtime.MemoryBudget.Share;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** Takes a lane over and puts its parts together. */
final class LaneOpener {
  private final LaneEnvironment environment;
  private final LaneConfig config;
  private final LaneId lane;
  private final WriterTerm term;
  private final FlushListener listener;
  private final PatientStore store;
  private final ManifestStore manifests;

  LaneOpener(
      LaneEnvironment environment,
      LaneConfig config,
      LaneId lane,
      long incarnation,
      long epoch,
      FlushListener listener) {
    this.environment = environment;
    this.config = config;
    this.lane = lane;
    this.term = new WriterTerm(incarnation, epoch, newId(environment.random()));
    this.listener = listener;
    this.store = new PatientStore(environment, config);
    this.manifests =
        new ManifestStore(
            environment.store(), lane, newId(environment.random()), environment.scheduler());
  }

  private static UUID newId(RandomGenerator random) {
    return new UUID(random.nextLong(), random.nextLong());
  }

  CompletableFuture<Recovered> recover() {
    return new LaneRecovery(environment, store, lane, term, manifests)
        .recover()
        .whenComplete(
            (recovered, failure) -> {
              if (failure != null) {
                manifests.close();
              }
            });
  }

  CompletableFuture<Lane> open() {
    return recover().thenApply(this::assemble);
  }

  private Lane assemble(Recovered recovered) {
    ConcurrentMap<PartitionId, PartitionState> partitions = new ConcurrentHashMap<>();
    recovered
        .table()
        .rows()
        .forEach(
            (id, row) -> partitions.put(id, new PartitionState(id, row.nextOffset(), row.bytes())));
    SortedObjectReader reader = new SortedObjectReader(environment.store());
    ScanCounters counters = new ScanCounters();
    IndexCache indexes =
        new IndexCache(
            reader,
            new DirectoryReader(environment.store()),
            indexBytesMax(),
            id -> interned(partitions.get(id), id),
            counters);
    recovered.sealed().forEach(indexes::put);
    BlockCache blocks = new BlockCache(environment.budget(), counters);
    SlabPool pool = new SlabPool(environment.budget(), config.slabSizeBytes(), config.slabsKept());
    LaneParts parts =
        new LaneParts(
            environment,
            config,
            lane,
            term,
            store,
            manifests,
            new LaneObjects(manifests),
            indexes,
            blocks,
            counters,
            new TailCache(pool),
            garbage(),
            partitions);
    return assemble(parts, recovered, reader, new SlabFiller(pool, parts.tailCache()));
  }

  private Lane assemble(
      LaneParts parts, Recovered recovered, SortedObjectReader reader, SlabFiller filler) {
    DirectoryReader directories = new DirectoryReader(environment.store());
    ProducerLoader producers =
        new ProducerLoader(
            parts.objects(), recovered.table(), reader, directories, parts.producerExpiry());
    L0Builder builder = new L0Builder(parts.partitions(), producers, store);
    LaneFlusher flusher = new LaneFlusher(parts, recovered.table(), builder, listener);
    LaneWriter writer =
        new LaneWriter(
            filler, config.flushBytes(), flusher, parts.partitions(), environment.clock());
    flusher.start(writer);
    if (recovered.manifest().table() != null) {
      parts.garbage().onCommit(); // what a crash has left
    }
    writer.start(environment.logs().open(lane, term.epoch(), writer));
    RangeScan scan =
        new RangeScan(
            parts.indexes(),
            parts.blocks(),
            environment.store(),
            environment.catchUpStore(),
            environment.files(),
            environment.budget(),
            environment.scheduler(),
            parts.counters(),
            environment.catchUp());
    DamageAlarm alarm = new DamageAlarm(parts.counters());
    OldestBlocksSearch oldestBlocks =
        new OldestBlocksSearch(parts.indexes(), environment.scheduler());
    return new Lane(
        parts,
        writer,
        new LaneReads(parts.objects(), scan, oldestBlocks, producers, alarm),
        new StoredLanes(
            environment,
            scan,
            oldestBlocks,
            reader,
            parts.indexes(),
            parts.producerExpiry(),
            alarm),
        flusher,
        new LaneRetention(parts, flusher, new ProducerCarriers(parts, reader, directories)),
        new LaneShutdown(parts, writer, flusher, filler));
  }

  private LaneGarbage garbage() {
    GarbageCollector collector =
        new GarbageCollector(
            environment.store(), manifests, lane, environment.scheduler(), config.garbage());
    return new LaneGarbage(lane, collector, environment.scheduler(), config.garbageInterval());
  }

  /** Indexes live on the heap; they get as much as the blocks that they point to, within bounds. */
  private long indexBytesMax() {
    long blockBytes = environment.budget().limitBytes(Share.BLOCK_CACHE);
    return Math.min(64L << 20, Math.max(4L << 20, blockBytes / 4));
  }

  private static PartitionId interned(@Nullable PartitionState known, PartitionId id) {
    return known == null ? id : known.id();
  }
}
