package io.sediment.objectstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.runtime.Await;
import io.sediment.runtime.NamedThreads;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReadOnlyObjectStoreTest {
  private static final ObjectKey KEY = new ObjectKey("lanes/0/wal/1");

  private final ExecutorService pool = NamedThreads.pool("local-store", 4);
  @TempDir Path root;
  private LocalObjectStore writer;

  @BeforeEach
  void openWriter() {
    writer =
        LocalObjectStore.open(
            root, new LocalObjectStore.Executors(pool, pool, pool), new Random(1));
    Await.result(writer.putIfAbsent(KEY, body("0123456789")));
  }

  @AfterEach
  void close() {
    writer.close();
    pool.shutdown();
  }

  @Test
  void aGuardedStoreRefusesEveryWriteAndPassesReadsOn() {
    ObjectStore guarded = ReadOnlyObjectStore.of(writer);
    assertRefusesWrites(guarded);
    assertReads(guarded);
  }

  @Test
  void aFolderThatSomebodyWritesToIsReadWithoutAnyTrace() throws IOException {
    // A killed writer's second name is what a reader of the store itself would act upon.
    Files.createLink(root.resolve("~second-name"), root.resolve(KEY.value()));
    Map<String, FileTime> before = tree();
    try (LocalFolderReader reader = LocalFolderReader.open(root, pool)) {
      assertReads(reader);
      assertRefusesWrites(reader);
    }
    assertThat(tree()).isEqualTo(before);
  }

  @Test
  void aFolderThatIsNotThereIsRefusedAndNotMade() {
    Path missing = root.resolve("missing");
    assertThatThrownBy(() -> LocalFolderReader.open(missing, pool))
        .isInstanceOf(ObjectStoreException.Refused.class)
        .hasMessageContaining(missing.toString());
    assertThat(missing).doesNotExist();
  }

  private static void assertReads(ObjectStore store) {
    StoredBytes part = Await.result(store.get(KEY, ByteRange.of(2, 3))).orElseThrow();
    assertThat(StandardCharsets.US_ASCII.decode(part.bytes()).toString()).isEqualTo("234");
    assertThat(part.objectLength()).isEqualTo(10);
    assertThat(Await.result(store.get(new ObjectKey("absent"), ByteRange.all()))).isEmpty();
    assertThat(Await.result(store.list("", "", 10))).containsExactly(new ListedObject(KEY, 10));
  }

  private void assertRefusesWrites(ObjectStore store) {
    ETag version = Await.result(writer.get(KEY, ByteRange.all())).orElseThrow().eTag();
    List<Supplier<CompletableFuture<?>>> writes =
        List.of(
            () -> store.putIfAbsent(new ObjectKey("new"), body("new")),
            () -> store.putIfMatch(KEY, version, body("replaced")),
            () -> store.delete(List.of(KEY)),
            () -> store.startMultipart(new ObjectKey("parts")));
    for (Supplier<CompletableFuture<?>> write : writes) {
      assertThat(Await.failure(write.get())).isInstanceOf(ObjectStoreException.Refused.class);
    }
    assertThat(Await.result(writer.list("", "", 10))).containsExactly(new ListedObject(KEY, 10));
    assertThat(Await.result(writer.get(KEY, ByteRange.all())).orElseThrow().eTag())
        .isEqualTo(version);
  }

  /** Every path below the root and when it was last changed. */
  private Map<String, FileTime> tree() throws IOException {
    Map<String, FileTime> tree = new TreeMap<>();
    try (Stream<Path> paths = Files.walk(root)) {
      for (Path path : paths.toList()) {
        tree.put(root.relativize(path).toString(), Files.getLastModifiedTime(path));
      }
    }
    return tree;
  }

  private static ObjectBody body(String text) {
    return ObjectBody.of(text.getBytes(StandardCharsets.US_ASCII));
  }
}
