package io.sediment.objectstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.sediment.runtime.Await;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Processes that die, and power that goes, at every step of every write. */
class LocalObjectStoreCrashTest {
  private static final ObjectKey KEY = new ObjectKey("lanes/7/wal/3/12");
  private static final String OLD = "the old content, ".repeat(50);
  private static final String NEW = "the new content, which is longer, ".repeat(50);

  @TempDir Path folder;
  private Path root;
  private ForgetfulDisk disk;
  private int worlds;

  @BeforeEach
  void newWorld() throws IOException {
    worlds++;
    root = Files.createDirectories(folder.resolve("root-" + worlds)).toRealPath();
    disk = new ForgetfulDisk(Files.createDirectories(folder.resolve("graveyard-" + worlds)));
  }

  @ParameterizedTest(name = "power cut={0}")
  @ValueSource(booleans = {false, true})
  void aCreateThatDiesAtAnyStepIsWholeOrNotThere(boolean powerCut) throws IOException {
    boolean answered = false;
    int diedAt = 0;
    for (; !answered; diedAt++) {
      newWorld();
      LocalObjectStore dying = open();
      disk.dieAfter(diedAt);
      answered = isCreated(dying.putIfAbsent(KEY, body(NEW)));
      end(dying, powerCut);

      LocalObjectStore next = open();
      Optional<String> found = read(next);
      if (found.isPresent() || answered) {
        assertThat(found).as("died before step %d", diedAt).contains(NEW);
      }
      assertNothingIsLeftOver(next);
      PutResult again = Await.result(next.putIfAbsent(KEY, body("another's")));
      assertThat(again instanceof PutResult.Created).isEqualTo(found.isEmpty());
      assertThat(read(next)).contains(found.orElse("another's"));
      next.close();
    }
    assertThat(diedAt).as("steps of a create, folders included").isGreaterThan(10);
  }

  @ParameterizedTest(name = "power cut={0}")
  @ValueSource(booleans = {false, true})
  void aReplaceThatDiesAtAnyStepShowsTheOldOrTheNewWhole(boolean powerCut) throws IOException {
    boolean answered = false;
    int diedAt = 0;
    for (; !answered; diedAt++) {
      newWorld();
      LocalObjectStore dying = open();
      ETag old = ((PutResult.Created) Await.result(dying.putIfAbsent(KEY, body(OLD)))).eTag();
      disk.dieAfter(diedAt);
      answered = isCreated(dying.putIfMatch(KEY, old, body(NEW)));
      end(dying, powerCut);

      LocalObjectStore next = open();
      String found = read(next).orElseThrow();
      assertThat(found).as("died before step %d", diedAt).isIn(OLD, NEW);
      if (answered) {
        assertThat(found).isEqualTo(NEW);
      }
      assertNothingIsLeftOver(next);
      next.close();
    }
    assertThat(diedAt).isGreaterThan(5);
  }

  @ParameterizedTest(name = "power cut={0}")
  @ValueSource(booleans = {false, true})
  void anUploadThatDiesWhileCompletingIsWholeOrNotThere(boolean powerCut) throws IOException {
    boolean answered = false;
    for (int diedAt = 0; !answered; diedAt++) {
      newWorld();
      LocalObjectStore dying = open();
      MultipartUpload upload = Await.result(dying.startMultipart(KEY));
      List<MultipartUpload.Part> parts =
          List.of(Await.result(upload.put(1, body(OLD))), Await.result(upload.put(2, body(NEW))));
      disk.dieAfter(diedAt);
      CompletableFuture<ETag> completed = upload.complete(parts);
      answered = !completed.isCompletedExceptionally();
      end(dying, powerCut);

      LocalObjectStore next = open();
      Optional<String> found = read(next);
      if (found.isPresent() || answered) {
        assertThat(found).as("died before step %d", diedAt).contains(OLD + NEW);
      }
      assertNothingIsLeftOver(next);
      next.close();
    }
  }

  @Test
  void aDeletedObjectDoesNotComeBack() throws IOException {
    LocalObjectStore store = open();
    Await.result(store.putIfAbsent(KEY, body(OLD)));
    Await.result(store.delete(List.of(KEY)));
    end(store, true);
    assertThat(read(open())).isEmpty();
  }

  @Test
  void whatAReaderHasSeenOfADeadWriterSurvivesAPowerCut() throws IOException {
    survivesOnceSeen(other -> other.get(KEY, ByteRange.suffix(10)), false);
  }

  @Test
  void whatACreatorHasLostToSurvivesAPowerCut() throws IOException {
    survivesOnceSeen(other -> other.putIfAbsent(KEY, body("loser")), false);
  }

  @Test
  void whatAFileRangeWasOpenedOfSurvivesAPowerCut() throws IOException {
    survivesOnceSeen(
        other ->
            other
                .openRange(KEY, ByteRange.all(), file -> {})
                .thenAccept(LocalObjectStoreCrashTest::shut),
        false);
  }

  @Test
  void whatASweeperTookTheSecondNameOfSurvivesAPowerCut() throws IOException {
    survivesOnceSeen(other -> other.get(KEY, ByteRange.all()), true);
  }

  /**
   * A writer dies at each step between giving the name and syncing its folder; another process then
   * sees the object; then the power goes. What was seen must still be there.
   */
  private void survivesOnceSeen(
      Function<LocalObjectStore, CompletableFuture<?>> look, boolean opensAfterTheDeath)
      throws IOException {
    int seen = 0;
    boolean answered = false;
    for (int diedAt = 0; !answered; diedAt++) {
      newWorld();
      LocalObjectStore dying = open();
      LocalObjectStore early = open();
      disk.dieAfter(diedAt);
      answered = isCreated(dying.putIfAbsent(KEY, body(NEW)));
      disk.dieNoMore();
      dying.abandon();
      boolean visible = Files.exists(root.resolve(KEY.value()));
      LocalObjectStore other = opensAfterTheDeath ? open() : early;
      if (visible) {
        seen++;
        Await.result(look.apply(other));
        early.abandon();
        other.abandon();
        disk.cutPower(root);
        assertThat(read(open())).as("died before step %d", diedAt).contains(NEW);
      }
    }
    assertThat(seen).as("deaths after the name was given").isGreaterThanOrEqualTo(2);
  }

  @Test
  void thisHarnessNoticesAMissingFolderSync() throws IOException {
    disk.losesFolderSyncs = true;
    LocalObjectStore store = open();
    assertThat(isCreated(store.putIfAbsent(KEY, body(NEW)))).isTrue();
    end(store, true);
    disk.losesFolderSyncs = false;
    assertThat(read(open())).isEmpty();
  }

  @Test
  void aFullDiskIsUnavailableAndLeavesNothing() throws IOException {
    Disk full =
        new Disk() {
          @Override
          void writeAndSync(Path newFile, java.nio.ByteBuffer[] buffers) throws IOException {
            buffers[0].limit(buffers[0].limit() / 2);
            super.writeAndSync(newFile, buffers);
            throw new IOException("No space left on device");
          }
        };
    LocalObjectStore store = LocalObjectStore.open(root, direct(), new Random(1), at -> full);
    assertThat(Await.failure(store.putIfAbsent(KEY, body(NEW))))
        .isInstanceOf(ObjectStoreException.Unavailable.class)
        .hasMessageContaining("No space left on device")
        .hasMessageContaining(KEY.value());
    assertThat(read(store)).isEmpty();
    assertThat(files(root)).noneMatch(path -> path.contains(KEY.value()));
  }

  @Test
  void anObjectWhoseFolderCouldNotBeSyncedIsNotVouchedFor() throws IOException {
    boolean[] broken = {false};
    Disk failing =
        new Disk() {
          @Override
          void syncFolder(Path synced) throws IOException {
            if (broken[0]) {
              throw new IOException("Input/output error");
            }
            super.syncFolder(synced);
          }
        };
    LocalObjectStore store = LocalObjectStore.open(root, direct(), new Random(1), at -> failing);
    Await.result(store.putIfAbsent(new ObjectKey("lanes/7/wal/3/11"), body(OLD)));
    broken[0] = true;
    for (CompletableFuture<?> call :
        List.<CompletableFuture<?>>of(
            store.putIfAbsent(KEY, body(NEW)),
            store.putIfAbsent(KEY, body(NEW)),
            store.get(KEY, ByteRange.all()))) {
      assertThat(Await.failure(call)).isInstanceOf(ObjectStoreException.Unavailable.class);
    }
    broken[0] = false;
    assertThat(read(store)).contains(NEW);
  }

  private LocalObjectStore open() {
    disk.dieNoMore();
    return LocalObjectStore.open(
        root, direct(), new Random(worlds * 1000L + disk.steps()), at -> disk);
  }

  private static LocalObjectStore.Executors direct() {
    return new LocalObjectStore.Executors(Runnable::run, Runnable::run, Runnable::run);
  }

  private void end(LocalObjectStore store, boolean powerCut) throws IOException {
    disk.dieNoMore();
    store.abandon();
    if (powerCut) {
      disk.cutPower(root);
    }
  }

  /** False where the process died on the way. */
  private static boolean isCreated(CompletableFuture<PutResult> put) {
    if (put.isCompletedExceptionally()) {
      if (Await.failure(put).getCause() instanceof ForgetfulDisk.Killed) {
        return false;
      }
      return fail("failed otherwise", Await.failure(put));
    }
    return Await.result(put) instanceof PutResult.Created;
  }

  private static Optional<String> read(ObjectStore store) {
    return Await.result(store.get(KEY, ByteRange.all()))
        .map(stored -> StandardCharsets.UTF_8.decode(stored.bytes()).toString());
  }

  private static void shut(Optional<FileRange> range) {
    try (FileRange open = range.orElseThrow()) {
      assertThat(open.channel().size()).isEqualTo(NEW.length());
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** The dead one's folder and lock are gone; only the living one has its own. */
  private void assertNothingIsLeftOver(LocalObjectStore living) throws IOException {
    assertThat(files(root.resolve("~temp"))).as("%s", living).hasSize(1);
  }

  private static List<String> files(Path below) throws IOException {
    try (Stream<Path> tree = Files.walk(below)) {
      return tree.filter(Files::isRegularFile).map(Path::toString).toList();
    }
  }

  private static ObjectBody body(String text) {
    return ObjectBody.of(text.getBytes(StandardCharsets.UTF_8));
  }
}
