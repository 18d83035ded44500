package io.sediment.objectstore;

import io.sediment.objectstore.PutResult.Created;
import io.sediment.objectstore.PutResult.PreconditionFailed;
import io.sediment.runtime.Failures;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.IntFunction;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Finds out, before anything rests on it, whether a store keeps the promises of {@link
 * ObjectStore}. Some servers take a condition and ignore it: they answer 200 and overwrite. It
 * works under a fresh key below {@code probe/} and deletes what it wrote.
 *
 * <p>Passing does not prove a store right; failing proves it wrong.
 */
public final class StoreProbe {
  /** Writers of each race. */
  static final int RACERS = 8;

  private static final String FIRST = "0123456789";

  /**
   * What was found.
   *
   * @param kept promises that were seen to hold
   * @param broken what the store did that it must not do; empty for a store one can use
   */
  public record Findings(List<String> kept, List<String> broken) {
    public Findings {
      kept = List.copyOf(kept);
      broken = List.copyOf(broken);
    }

    /**
     * @throws ObjectStoreException.Refused naming what a store that lies did
     */
    public void requireHonest(String storeName) {
      if (!broken.isEmpty()) {
        throw new ObjectStoreException.Refused(
            "object store cannot be used, it would lose data: store="
                + storeName
                + ": "
                + String.join("; ", broken),
            null);
      }
    }
  }

  /** One promise and how to try it; yields what the store did instead, or nothing. */
  private interface Check {
    CompletableFuture<Optional<String>> run();
  }

  private final ObjectStore store;
  private final ObjectKey once;
  private final ObjectKey raced;
  private final ObjectKey absent;
  private final List<String> kept = new ArrayList<>();
  private final List<String> broken = new ArrayList<>();

  /**
   * @param random must be fresh in each process, so that two probes at once do not meet
   */
  public StoreProbe(ObjectStore store, RandomGenerator random) {
    this.store = store;
    ObjectKey folder = new ObjectKey("probe/%016x".formatted(random.nextLong()));
    this.once = folder.resolve("once");
    this.raced = folder.resolve("raced");
    this.absent = folder.resolve("absent");
  }

  /** Runs once. Fails as the store fails if that keeps it from finding out. */
  public CompletableFuture<Findings> run() {
    return check("creates an object", this::creates)
        .thenCompose(done -> check("reads back what was written", this::readsBack))
        .thenCompose(done -> check("reads ranges and suffixes", this::readsRanges))
        .thenCompose(done -> check("refuses to create it again", this::refusesSecondCreate))
        .thenCompose(done -> check("lets one of several racing creators win", this::racesToCreate))
        .thenCompose(done -> check("replaces a matching version only", this::replacesOnMatch))
        .thenCompose(
            done -> check("lets one of several racing replacers win", this::racesToReplace))
        .thenCompose(done -> check("deletes", this::deletes))
        .handle((done, failure) -> tidyUp(failure))
        .thenCompose(tidied -> tidied);
  }

  private CompletableFuture<Void> check(String promise, Check check) {
    return check
        .run()
        .thenAccept(
            lie -> {
              if (lie.isPresent()) {
                broken.add(lie.get());
              } else {
                kept.add(promise);
              }
            });
  }

  private CompletableFuture<Findings> tidyUp(@Nullable Throwable failure) {
    if (failure == null) {
      return CompletableFuture.completedFuture(new Findings(kept, broken));
    }
    // Not waited for: a store that is away may be asked for half a minute, and whoever starts a
    // broker with a wrong address or without credentials wants to know now.
    store.delete(List.of(once, raced, absent));
    return CompletableFuture.failedFuture(Failures.causeOf(failure));
  }

  private CompletableFuture<Optional<String>> creates() {
    return store
        .putIfAbsent(once, body(FIRST))
        .thenCompose(
            first ->
                first instanceof Created
                    ? honest()
                    : lie("it refused to create a key that nobody has used (If-None-Match: *)"));
  }

  private CompletableFuture<Optional<String>> refusesSecondCreate() {
    return store
        .putIfAbsent(once, body("overwritten"))
        .thenCompose(
            second ->
                second instanceof Created
                    ? lie(
                        "it created the same key twice: If-None-Match: * is ignored, a second"
                            + " writer overwrites the first")
                    : honest());
  }

  private CompletableFuture<Optional<String>> readsBack() {
    return store
        .get(once, ByteRange.all())
        .thenCompose(
            found ->
                found.isPresent() && text(found.get()).equals(FIRST)
                    ? honest()
                    : lie(
                        "a read after the write returned "
                            + found.map(StoreProbe::text).orElse("no object")
                            + " instead of "
                            + FIRST));
  }

  private CompletableFuture<Optional<String>> readsRanges() {
    return readsRange(ByteRange.of(2, 3), FIRST.substring(2, 5))
        .thenCompose(
            lie ->
                lie.isPresent() ? told(lie) : readsRange(ByteRange.suffix(4), FIRST.substring(6)))
        .thenCompose(
            lie ->
                lie.isPresent() ? told(lie) : readsRange(ByteRange.of(8, 100), FIRST.substring(8)));
  }

  private CompletableFuture<Optional<String>> readsRange(ByteRange range, String expected) {
    return store
        .get(once, range)
        .thenCompose(
            found -> {
              String got = found.map(StoreProbe::text).orElse("no object");
              long length = found.map(StoredBytes::objectLength).orElse(-1L);
              return got.equals(expected) && length == FIRST.length()
                  ? honest()
                  : lie(
                      "a ranged read returned other bytes: range="
                          + range
                          + " expected="
                          + expected
                          + " got="
                          + got
                          + " objectLength="
                          + length);
            });
  }

  private CompletableFuture<Optional<String>> racesToCreate() {
    return race(writer -> store.putIfAbsent(raced, body("creator-" + writer)), "create")
        .thenCompose(lie -> lie.isPresent() ? told(lie) : winnerIsThere("creator-"));
  }

  private CompletableFuture<Optional<String>> replacesOnMatch() {
    return eTagOf(once)
        .thenCompose(
            version ->
                store
                    .putIfMatch(once, version, body("second"))
                    .thenCompose(
                        result ->
                            result instanceof PreconditionFailed
                                ? lie("it refused to replace the current version (If-Match)")
                                : store
                                    .putIfMatch(once, version, body("third"))
                                    .thenCompose(this::refusesOldVersion))
                    .thenCompose(lie -> lie.isPresent() ? told(lie) : refusesAbsentKey(version)));
  }

  private CompletableFuture<Optional<String>> refusesOldVersion(PutResult result) {
    return result instanceof Created
        ? lie("it replaced a version that was no longer there: If-Match is ignored")
        : honest();
  }

  private CompletableFuture<Optional<String>> refusesAbsentKey(ETag version) {
    return store
        .putIfMatch(absent, version, body("nothing"))
        .thenCompose(
            result ->
                result instanceof Created
                    ? lie("it replaced an object that does not exist: If-Match is ignored")
                    : honest());
  }

  private CompletableFuture<Optional<String>> racesToReplace() {
    return eTagOf(raced)
        .thenCompose(
            version ->
                race(
                    writer -> store.putIfMatch(raced, version, body("replacer-" + writer)),
                    "replace"))
        .thenCompose(lie -> lie.isPresent() ? told(lie) : winnerIsThere("replacer-"));
  }

  private CompletableFuture<Optional<String>> deletes() {
    return store
        .delete(List.of(once, raced, absent))
        .thenCompose(done -> store.get(once, ByteRange.all()))
        .thenCompose(
            found -> found.isPresent() ? lie("a deleted object is still there") : honest());
  }

  /** Starts all writers at once; one whose answer was lost counts as neither winner nor loser. */
  private CompletableFuture<Optional<String>> race(
      IntFunction<CompletableFuture<PutResult>> writers, String verb) {
    List<CompletableFuture<Answer>> answers =
        IntStream.range(0, RACERS)
            .mapToObj(writers)
            .map(put -> put.handle(StoreProbe::answerOf))
            .toList();
    return CompletableFuture.allOf(answers.toArray(CompletableFuture[]::new))
        .thenCompose(
            done -> {
              List<Answer> all = answers.stream().map(CompletableFuture::join).toList();
              long winners = all.stream().filter(answer -> answer == Answer.WON).count();
              if (winners == 0 && all.contains(Answer.NONE)) {
                throw new ObjectStoreException.Unavailable(
                    "probe: a race to " + verb + " one object was not answered", null);
              }
              return winners == 1
                  ? honest()
                  : lie(
                      "%d of %d writers that raced to %s one object were told they had won"
                          .formatted(winners, RACERS, verb));
            });
  }

  private enum Answer {
    WON,
    LOST,
    NONE
  }

  private static Answer answerOf(@Nullable PutResult result, @Nullable Throwable failure) {
    if (failure == null) {
      return result instanceof Created ? Answer.WON : Answer.LOST;
    }
    Throwable cause = Failures.causeOf(failure);
    if (cause instanceof ObjectStoreException.Unavailable) {
      return Answer.NONE;
    }
    throw new CompletionException(cause);
  }

  private CompletableFuture<Optional<String>> winnerIsThere(String prefix) {
    return store
        .get(raced, ByteRange.all())
        .thenCompose(
            found -> {
              String got = found.map(StoreProbe::text).orElse("no object");
              return got.startsWith(prefix)
                  ? honest()
                  : lie("after a race the object is " + got + ", none of what was written");
            });
  }

  private CompletableFuture<ETag> eTagOf(ObjectKey key) {
    return store
        .get(key, ByteRange.all())
        .thenApply(
            found ->
                found
                    .map(StoredBytes::eTag)
                    .orElseThrow(
                        () ->
                            new ObjectStoreException.Refused(
                                "probe: the object it wrote is gone: key=" + key, null)));
  }

  private static CompletableFuture<Optional<String>> honest() {
    return CompletableFuture.completedFuture(Optional.empty());
  }

  private static CompletableFuture<Optional<String>> lie(String what) {
    return CompletableFuture.completedFuture(Optional.of(what));
  }

  private static CompletableFuture<Optional<String>> told(Optional<String> lie) {
    return CompletableFuture.completedFuture(lie);
  }

  private static ObjectBody body(String text) {
    return ObjectBody.of(text.getBytes(StandardCharsets.US_ASCII));
  }

  private static String text(StoredBytes stored) {
    ByteBuffer bytes = stored.bytes().duplicate();
    return StandardCharsets.US_ASCII.decode(bytes).toString();
  }
}
