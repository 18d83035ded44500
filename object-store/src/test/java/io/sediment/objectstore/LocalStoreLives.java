package io.sediment.objectstore;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.runtime.Await;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * Some objects through the lives of several processes that write, replace, upload and delete them,
 * die at any step, lose power, and find their disk full, as a seed has it. Whatever was answered
 * stays; a test fails with an {@link AssertionError} where it does not.
 */
final class LocalStoreLives {
  private static final int LIVES = 6;
  private static final int CALLS_PER_LIFE = 20;

  private final long seed;
  private final Random random;
  private final Path root;
  private final ForgetfulDisk disk;
  private final boolean losesFolderSyncs;
  private final List<ObjectKey> keys =
      List.of(new ObjectKey("a"), new ObjectKey("b/1"), new ObjectKey("b/2"));

  /** What may lie under each key; more than one thing after a call without an answer. */
  private final Map<ObjectKey, Set<Optional<String>>> possible = new HashMap<>();

  private int contents;
  private boolean dead;

  /**
   * @param folder for files, empty for each
   * @param losesFolderSyncs whether nobody sees to it that new files are found after a power cut
   */
  LocalStoreLives(long seed, Path folder, boolean losesFolderSyncs) throws IOException {
    this.seed = seed;
    this.random = new Random(seed);
    String name = seed + "-" + losesFolderSyncs;
    this.root = Files.createDirectories(folder.resolve("root-" + name)).toRealPath();
    this.disk = new ForgetfulDisk(Files.createDirectories(folder.resolve("graves-" + name)));
    this.losesFolderSyncs = losesFolderSyncs;
    keys.forEach(key -> possible.put(key, new HashSet<>(Set.of(Optional.empty()))));
  }

  void run() throws IOException {
    for (int life = 0; life < LIVES; life++) {
      LocalObjectStore store = open();
      keys.forEach(key -> look(store, key));
      disk.losesFolderSyncs = losesFolderSyncs;
      if (random.nextInt(4) != 0) {
        disk.dieAfter(random.nextInt(150));
      }
      dead = false;
      for (int call = 0; call < CALLS_PER_LIFE && !dead; call++) {
        disk.isFull = random.nextInt(6) == 0;
        act(store, keys.get(random.nextInt(keys.size())));
      }
      disk.isFull = false;
      disk.dieNoMore();
      disk.losesFolderSyncs = false;
      store.abandon();
      if (random.nextBoolean()) {
        disk.cutPower(root);
      }
    }
    LocalObjectStore healed = open();
    for (ObjectKey key : keys) {
      look(healed, key);
      Await.result(healed.delete(List.of(key)));
      PutResult put = Await.result(healed.putIfAbsent(key, body(newContent())));
      assertThat(put)
          .as("seed %d: progress of %s", seed, key)
          .isInstanceOf(PutResult.Created.class);
    }
    healed.close();
  }

  private LocalObjectStore open() {
    return LocalObjectStore.open(
        root,
        new LocalObjectStore.Executors(Runnable::run, Runnable::run, Runnable::run),
        new Random(random.nextLong()),
        at -> disk);
  }

  private void look(LocalObjectStore store, ObjectKey key) {
    answerOf(store.get(key, ByteRange.all()))
        .ifPresent(
            found -> {
              Optional<String> content =
                  found.map(it -> StandardCharsets.UTF_8.decode(it.bytes()).toString());
              assertThat(possible.get(key)).as("seed %d: %s", seed, key).contains(content);
              possible.put(key, new HashSet<>(Set.of(content)));
            });
  }

  private void act(LocalObjectStore store, ObjectKey key) {
    switch (random.nextInt(5)) {
      case 0 -> create(store, key);
      case 1 -> replace(store, key);
      case 2 -> upload(store, key);
      case 3 -> {
        mayBecome(key, Optional.empty());
        answerOf(store.delete(List.of(key)).thenApply(gone -> true))
            .ifPresent(gone -> is(key, Optional.empty()));
      }
      default -> look(store, key);
    }
  }

  private void create(LocalObjectStore store, ObjectKey key) {
    look(store, key);
    boolean isAbsent = possible.get(key).equals(Set.of(Optional.empty()));
    String content = newContent();
    if (isAbsent) {
      mayBecome(key, Optional.of(content));
    }
    answerOf(store.putIfAbsent(key, body(content)))
        .ifPresent(
            put -> {
              if (put instanceof PutResult.Created) {
                is(key, Optional.of(content));
              }
            });
  }

  private void replace(LocalObjectStore store, ObjectKey key) {
    String content = newContent();
    answerOf(store.get(key, ByteRange.all()))
        .flatMap(found -> found)
        .ifPresent(
            found -> {
              mayBecome(key, Optional.of(content));
              answerOf(store.putIfMatch(key, found.eTag(), body(content)))
                  .ifPresent(
                      put -> {
                        assertThat(put).isInstanceOf(PutResult.Created.class);
                        is(key, Optional.of(content));
                      });
            });
  }

  private void upload(LocalObjectStore store, ObjectKey key) {
    String first = newContent();
    String second = newContent();
    answerOf(store.startMultipart(key))
        .ifPresent(
            upload ->
                answerOf(upload.put(1, body(first)))
                    .ifPresent(
                        one ->
                            answerOf(upload.put(2, body(second)))
                                .ifPresent(
                                    two -> {
                                      mayBecome(key, Optional.of(first + second));
                                      answerOf(upload.complete(List.of(one, two)))
                                          .ifPresent(done -> is(key, Optional.of(first + second)));
                                    })));
  }

  private void mayBecome(ObjectKey key, Optional<String> content) {
    possible.get(key).add(content);
  }

  private void is(ObjectKey key, Optional<String> content) {
    possible.put(key, new HashSet<>(Set.of(content)));
  }

  private String newContent() {
    return ("content " + ++contents + ", ").repeat(1 + random.nextInt(300));
  }

  private ObjectBody body(String text) {
    return ObjectBody.of(text.getBytes(StandardCharsets.UTF_8));
  }

  /** Empty where the process died, or the disk was full. */
  private <T> Optional<T> answerOf(CompletableFuture<T> call) {
    if (dead) {
      return Optional.empty();
    }
    if (!call.isCompletedExceptionally()) {
      T answer = Await.result(call);
      return Optional.ofNullable(answer);
    }
    Throwable failure = Await.failure(call);
    if (failure.getCause() instanceof ForgetfulDisk.Killed) {
      dead = true;
      return Optional.empty();
    }
    assertThat(failure)
        .as("seed %d", seed)
        .isInstanceOf(ObjectStoreException.Unavailable.class)
        .hasMessageContaining("No space left on device");
    return Optional.empty();
  }
}
