package io.sediment.simulation;

import io.sediment.objectstore.ByteRange;
import io.sediment.objectstore.ETag;
import io.sediment.objectstore.ListedObject;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.objectstore.ObjectStoreException;
import io.sediment.objectstore.StoredBytes;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * One bucket of a simulated world, shared by its processes. Each object is a linearizable register:
 * a request takes effect at one moment, when it <em>lands</em>, and everything unpleasant happens
 * before or after that: see {@link Fault}.
 *
 * <p>A process talks to it through {@link #forProcess}. Answers are events of that process, so they
 * are lost with it or wait while it is paused; a request that was sent goes its way regardless.
 *
 * <p>Entity tags depend on the content alone, as MD5 tags do: an object that is deleted and written
 * again with the same bytes has the same tag.
 */
public final class SimObjectStore {
  private static final long SECOND = 1_000_000_000L;

  private final Simulation simulation;
  private final SimScheduler world;
  private final NavigableMap<ObjectKey, Stored> objects = new TreeMap<>();
  private final NavigableMap<ObjectKey, Long> deletedLengths = new TreeMap<>();
  private final NavigableMap<String, Integer> attempts = new TreeMap<>();
  private final NavigableMap<String, Long> stormEndsNanos = new TreeMap<>();
  private final NavigableMap<Long, SimMultipartUpload> uploads = new TreeMap<>();
  private final List<Script> scripts = new ArrayList<>();
  private final List<StoreRequest.Observer> observers = new ArrayList<>();
  private final Map<Fault, Long> faultsDone = new EnumMap<>(Fault.class);
  private final StoreBill bill = new StoreBill();
  private FaultPlan plan;
  private boolean failsOnChangedBodies = true;
  private long nextRequestId;
  private @Nullable BodyInFlight bodyBeingTold;

  public SimObjectStore(Simulation simulation, FaultPlan plan) {
    this.simulation = simulation;
    this.world = simulation.world();
    this.plan = plan;
    simulation.option(plan.toString());
  }

  /** The bucket as {@code process} sees it. */
  public ObjectStore forProcess(SimScheduler process) {
    return new SimObjectStoreClient(this, process);
  }

  /** From now on nothing goes wrong. What is already on its way, or late, stays so. */
  public void heal() {
    plan = plan.until(Duration.ZERO);
    stormEndsNanos.clear();
    scripts.clear();
  }

  /** The next {@code times} requests that match suffer {@code fault}, at moments drawn by seed. */
  public void script(Predicate<StoreRequest> matches, int times, Fault fault) {
    scripts.add(new Script(matches, fault, null, times));
  }

  /**
   * The next request that matches suffers {@code fault} at exactly these moments.
   *
   * @param landAfter from being sent to taking effect
   * @param answerAfter from being sent to the failing answer; from landing to a good one
   * @param landAgainAfter from the first effect to the second, for duplicates
   */
  public void script(
      Predicate<StoreRequest> matches,
      Fault fault,
      Duration landAfter,
      Duration answerAfter,
      Duration landAgainAfter) {
    Fate fate = Fate.of(fault, landAfter, answerAfter, landAgainAfter);
    scripts.add(new Script(matches, fault, fate, 1));
  }

  /** Tells {@code observer} of every phase of every request from now on. */
  public void observe(StoreRequest.Observer observer) {
    observers.add(observer);
  }

  /**
   * Stores what is there when a caller changes a body too early, instead of failing the run at
   * once: for tests that want to see what comes of it.
   */
  public void allowChangedBodies() {
    failsOnChangedBodies = false;
  }

  /** The bytes of an object right now, without a request. */
  public Optional<byte[]> peek(ObjectKey key) {
    return Optional.ofNullable(objects.get(key)).map(stored -> stored.bytes.clone());
  }

  /** The keys that start with {@code prefix} right now, in order, without a request. */
  public List<ObjectKey> keys(String prefix) {
    return objects.keySet().stream().filter(key -> key.value().startsWith(prefix)).toList();
  }

  /** Deletes an object right now, without a request: a collector that knows no mercy. */
  public void removeNow(ObjectKey key) {
    objects.remove(key);
  }

  /** Flips a bit of an object right now, without a request: whoever reads it finds it so. */
  public void damageNow(ObjectKey key, int position) {
    Stored sound = objects.get(key);
    if (sound == null) {
      throw new IllegalArgumentException("no object to damage: " + key);
    }
    byte[] bytes = sound.bytes.clone();
    bytes[position] ^= 4;
    objects.put(key, new Stored(bytes, sound.eTag));
  }

  /** Uploads begun and neither completed nor aborted: what a lifecycle rule would clean up. */
  public int openUploads() {
    return uploads.size();
  }

  public StoreBill bill() {
    return bill;
  }

  /** How often each fault really happened. */
  public Map<Fault, Long> faultsDone() {
    return new EnumMap<>(faultsDone);
  }

  // -- requests ---------------------------------------------------------------------------------

  StoreRequest request(
      SimScheduler process, StoreOp op, List<ObjectKey> keys, String folder, long bodyLength) {
    String name = process.name() + ' ' + op + ' ' + (keys.isEmpty() ? folder : keys.get(0).value());
    int attempt = attempts.merge(name, 1, Integer::sum) - 1;
    return new StoreRequest(nextRequestId++, process, op, keys, folder, attempt, bodyLength);
  }

  /**
   * Sends a request on its way.
   *
   * @param landing what it does to the bucket, and its answer; may run twice
   */
  <T> CompletableFuture<T> send(
      StoreRequest request, @Nullable BodyInFlight body, Function<@Nullable Fault, T> landing) {
    CompletableFuture<T> future = new CompletableFuture<>();
    if (!request.process().isCrashed()) {
      notify(StoreRequest.Phase.SENT, request, body);
    }
    if (request.process().isCrashed()) {
      return future;
    }
    Fate fate = fate(request);
    Fault fault = fate.fault();
    request.process().trace("sends " + request + (fault == null ? "" : " which meets " + fault));
    if (fault != null) {
      faultsDone.merge(fault, 1L, Long::sum);
    }
    Attempt<T> attempt = new Attempt<>(request, body, landing, fault, future);
    if (fault == null) {
      world.scheduleNanos(
          () -> attempt.landAndAnswer(fate.answerAfterNanos()), fate.landAfterNanos());
      return future;
    }
    switch (fault) {
      case FAIL_BEFORE, CONFLICT_409, THROTTLING_STORM ->
          attempt.answerUnavailable(fault, fate.answerAfterNanos());
      case LOST_ANSWER, LATE_LANDING -> {
        world.scheduleNanos(attempt::landUnheard, fate.landAfterNanos());
        attempt.answerUnavailable(fault, fate.answerAfterNanos());
      }
      case PARTIAL_DELETE ->
          world.scheduleNanos(
              () -> {
                attempt.landUnheard();
                attempt.answerUnavailable(fault, fate.answerAfterNanos());
              },
              fate.landAfterNanos());
      case DUPLICATE ->
          world.scheduleNanos(
              () -> {
                attempt.landAndAnswer(fate.answerAfterNanos());
                world.scheduleNanos(attempt::landUnheard, fate.landAgainAfterNanos());
              },
              fate.landAfterNanos());
      case ANSWERED_BY_DUPLICATE ->
          world.scheduleNanos(
              () -> {
                attempt.landUnheard();
                world.scheduleNanos(
                    () -> attempt.landAndAnswer(fate.answerAfterNanos()),
                    fate.landAgainAfterNanos());
              },
              fate.landAfterNanos());
      case SLOW, STALL, WRONG_LIST, TRUNCATED_BODY, CORRUPT_BODY ->
          world.scheduleNanos(
              () -> attempt.landAndAnswer(fate.answerAfterNanos()), fate.landAfterNanos());
    }
    return future;
  }

  /** Chance that belongs to this request alone. */
  private SplittableRandom chanceOf(StoreRequest request, String purpose) {
    String name = request.keys().isEmpty() ? request.folder() : request.key().value();
    return simulation.random(
        purpose
            + ' '
            + request.process().name()
            + ' '
            + request.op()
            + ' '
            + name
            + ' '
            + request.attempt());
  }

  private Fate fate(StoreRequest request) {
    SplittableRandom random = chanceOf(request, "fate");
    long latency = plan.drawLatencyNanos(random, request.op());
    for (Script script : scripts) {
      if (script.times > 0 && script.matches.test(request)) {
        script.times--;
        return script.fate != null ? script.fate : drawn(script.fault, latency, random);
      }
    }
    if (simulation.nowNanos() >= plan.faultsEnd().toNanos()) {
      return new Fate(null, latency, latency / 4, 0);
    }
    Fault drawn = null;
    for (Fault fault : Fault.values()) {
      // One number is drawn for each kind, whether it is in the plan or not: see FaultPlan.
      boolean strikes = random.nextDouble() < plan.probability(fault);
      if (strikes && drawn == null && fault.appliesTo(request.op())) {
        drawn = fault;
      }
    }
    boolean hit = random.nextDouble() < 0.9;
    if (drawn == Fault.THROTTLING_STORM) {
      long seconds = 1 + random.nextInt(20);
      stormEndsNanos.put(request.folder(), simulation.nowNanos() + seconds * SECOND);
      hit = true;
    }
    if (hit && simulation.nowNanos() < stormEndsNanos.getOrDefault(request.folder(), 0L)) {
      drawn = Fault.THROTTLING_STORM;
    }
    return drawn(drawn, latency, random);
  }

  private static Fate drawn(@Nullable Fault fault, long latency, SplittableRandom random) {
    if (fault == null) {
      return new Fate(null, latency, latency / 4, 0);
    }
    long timeout = random.nextLong(SECOND / 10, 10 * SECOND);
    // Mostly soon, sometimes after minutes: uniform in the exponent.
    long later = (long) (SECOND / 1000 * Math.pow(10, 5.8 * random.nextDouble()));
    return switch (fault) {
      case FAIL_BEFORE -> new Fate(fault, 0, random.nextBoolean() ? latency : timeout, 0);
      case CONFLICT_409, THROTTLING_STORM -> new Fate(fault, 0, latency, 0);
      case LOST_ANSWER -> new Fate(fault, latency, latency + timeout, 0);
      case LATE_LANDING -> new Fate(fault, timeout + later, timeout, 0);
      case DUPLICATE -> new Fate(fault, latency, latency / 4, later);
      case ANSWERED_BY_DUPLICATE -> new Fate(fault, latency, latency / 4, timeout / 10);
      case SLOW -> new Fate(fault, latency * 20, latency, 0);
      case STALL -> new Fate(fault, random.nextLong(60, 600) * SECOND, latency, 0);
      default -> new Fate(fault, latency, latency / 4, 0);
    };
  }

  /** The bytes of the request that observers are being told of; none where it sends none. */
  public byte[] bodyBeingTold() {
    BodyInFlight body = bodyBeingTold;
    return body == null ? new byte[0] : body.look();
  }

  private void notify(StoreRequest.Phase phase, StoreRequest request, @Nullable BodyInFlight body) {
    bodyBeingTold = body;
    for (StoreRequest.Observer observer : observers) {
      observer.on(phase, request);
    }
  }

  // -- effects, each at the one moment it lands --------------------------------------------------

  boolean createIfAbsent(ObjectKey key, byte[] bytes) {
    if (objects.containsKey(key)) {
      return false;
    }
    overwrite(key, bytes);
    return true;
  }

  boolean replaceIfMatch(ObjectKey key, ETag expected, byte[] bytes) {
    Stored old = objects.get(key);
    if (old == null || !old.eTag.equals(expected)) {
      return false;
    }
    overwrite(key, bytes);
    return true;
  }

  void overwrite(ObjectKey key, byte[] bytes) {
    objects.put(key, new Stored(bytes, eTagOf(bytes)));
    deletedLengths.remove(key);
  }

  Optional<StoredBytes> read(
      ObjectKey key, ByteRange range, StoreRequest request, @Nullable Fault fault) {
    Stored stored = objects.get(key);
    if (stored == null) {
      return Optional.empty();
    }
    byte[] bytes = clip(stored.bytes, range);
    SplittableRandom random = chanceOf(request, "damage");
    if (fault == Fault.TRUNCATED_BODY && bytes.length > 0) {
      bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length));
    } else if (fault == Fault.CORRUPT_BODY && bytes.length > 0) {
      bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
    }
    return Optional.of(new StoredBytes(ByteBuffer.wrap(bytes), stored.bytes.length, stored.eTag));
  }

  static byte[] clip(byte[] bytes, ByteRange range) {
    if (range instanceof ByteRange.Suffix suffix) {
      int from = (int) Math.max(0, bytes.length - suffix.length());
      return Arrays.copyOfRange(bytes, from, bytes.length);
    }
    ByteRange.Slice slice = (ByteRange.Slice) range;
    int from = (int) Math.min(bytes.length, slice.position());
    int to = from + (int) Math.min(bytes.length - from, slice.length());
    return Arrays.copyOfRange(bytes, from, to);
  }

  void remove(List<ObjectKey> keys, StoreRequest request, @Nullable Fault fault) {
    SplittableRandom random = chanceOf(request, "damage");
    for (ObjectKey key : keys) {
      if (fault == Fault.PARTIAL_DELETE && random.nextBoolean()) {
        continue;
      }
      Stored gone = objects.remove(key);
      if (gone != null) {
        deletedLengths.put(key, (long) gone.bytes.length);
      }
    }
  }

  List<ListedObject> listed(
      String prefix, String startAfter, int limit, StoreRequest request, @Nullable Fault fault) {
    NavigableMap<ObjectKey, Long> visible = new TreeMap<>();
    objects.forEach((key, stored) -> visible.put(key, (long) stored.bytes.length));
    if (fault == Fault.WRONG_LIST) {
      SplittableRandom random = chanceOf(request, "damage");
      visible.putAll(deletedLengths);
      visible.keySet().removeIf(key -> random.nextInt(3) == 0);
    }
    return visible.entrySet().stream()
        .filter(entry -> entry.getKey().value().startsWith(prefix))
        .filter(entry -> entry.getKey().value().compareTo(startAfter) > 0)
        .limit(limit)
        .map(entry -> new ListedObject(entry.getKey(), entry.getValue()))
        .toList();
  }

  long startUpload(SimMultipartUpload upload) {
    long id = nextRequestId++;
    uploads.put(id, upload);
    return id;
  }

  boolean isOpenUpload(long id) {
    return uploads.containsKey(id);
  }

  void endUpload(long id) {
    uploads.remove(id);
  }

  byte @Nullable [] bytesOf(ObjectKey key) {
    Stored stored = objects.get(key);
    return stored == null ? null : stored.bytes;
  }

  static ETag eTagOf(byte[] bytes) {
    long hash = bytes.length;
    for (byte b : bytes) {
      hash = (hash ^ b) * 0x100000001b3L;
    }
    return new ETag(Long.toHexString(Simulation.mix(hash, bytes.length)));
  }

  private record Stored(byte[] bytes, ETag eTag) {}

  /** One request on its way: what it does when it lands, and who waits for it. */
  private final class Attempt<T> {
    private final StoreRequest request;
    private final @Nullable BodyInFlight body;
    private final Function<@Nullable Fault, T> landing;
    private final @Nullable Fault fault;
    private final CompletableFuture<T> future;

    Attempt(
        StoreRequest request,
        @Nullable BodyInFlight body,
        Function<@Nullable Fault, T> landing,
        @Nullable Fault fault,
        CompletableFuture<T> future) {
      this.request = request;
      this.body = body;
      this.landing = landing;
      this.fault = fault;
      this.future = future;
    }

    T land() {
      checkBody();
      SimObjectStore.this.notify(StoreRequest.Phase.LANDING, request, body);
      T answer = landing.apply(fault);
      bill.add(request.op(), request.bodyLength(), lengthOf(answer));
      world.trace(request + " lands: " + describe(answer));
      SimObjectStore.this.notify(StoreRequest.Phase.LANDED, request, body);
      return answer;
    }

    /** Lands with nobody listening: what it answers, an error too, is lost. */
    void landUnheard() {
      try {
        land();
      } catch (ObjectStoreException e) {
        world.trace(request + " lands: " + e.getMessage());
      }
    }

    void landAndAnswer(long answerAfterNanos) {
      T answer;
      try {
        answer = land();
      } catch (ObjectStoreException e) {
        answer(() -> future.completeExceptionally(e), answerAfterNanos);
        return;
      }
      answer(() -> future.complete(answer), answerAfterNanos);
    }

    void answerUnavailable(Fault fault, long answerAfterNanos) {
      boolean throttled = fault == Fault.THROTTLING_STORM;
      String message = "simulated " + fault + ": " + request;
      answer(
          () ->
              future.completeExceptionally(
                  new ObjectStoreException.Unavailable(message, throttled, null)),
          answerAfterNanos);
    }

    private void answer(Runnable complete, long afterNanos) {
      request
          .process()
          .scheduleNanos(
              () -> {
                SimObjectStore.this.notify(StoreRequest.Phase.ANSWERED, request, body);
                if (!request.process().isCrashed()) {
                  checkBody();
                  complete.run();
                }
              },
              afterNanos);
    }

    /** From here on the caller may change the body. */
    private void checkBody() {
      if (body != null && !body.isIntact() && failsOnChangedBodies) {
        simulation.fail("buffer released early: body changed while in flight: " + request);
      }
    }

    private long lengthOf(Object answer) {
      return answer instanceof Optional<?> read
              && read.isPresent()
              && read.get() instanceof StoredBytes stored
          ? stored.bytes().remaining()
          : 0;
    }

    private String describe(Object answer) {
      if (answer instanceof Optional<?> read) {
        return read.isEmpty() ? "absent" : "found";
      }
      if (answer instanceof List<?> list) {
        return list.size() + " listed";
      }
      return answer instanceof Record ? answer.getClass().getSimpleName() : "done";
    }
  }

  /** A fault that a test asked for. */
  private static final class Script {
    private final Predicate<StoreRequest> matches;
    private final Fault fault;
    private final @Nullable Fate fate;
    private int times;

    Script(Predicate<StoreRequest> matches, Fault fault, @Nullable Fate fate, int times) {
      this.matches = matches;
      this.fault = fault;
      this.fate = fate;
      this.times = times;
    }
  }
}
