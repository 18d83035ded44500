package io.sediment.objectstore;

import io.sediment.runtime.Await;
import io.sediment.runtime.SystemPorts;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;

/** What {@link LocalStoreProcessesTest} runs in a process of its own. */
final class LocalStoreChild {
  static final ObjectKey COUNTER = new ObjectKey("counter");
  static final int WRITTEN_BYTES = 200_000;

  private LocalStoreChild() {}

  public static void main(String[] arguments) {
    LocalObjectStore store = open(Path.of(arguments[0]));
    switch (arguments[1]) {
      case "count" -> raiseCounter(store, Integer.parseInt(arguments[2]));
      case "write" -> writeForEver(store);
      default -> throw new IllegalArgumentException(arguments[1]);
    }
    store.close();
  }

  static LocalObjectStore open(Path root) {
    return LocalObjectStore.open(
        root,
        new LocalObjectStore.Executors(Runnable::run, Runnable::run, Runnable::run),
        SystemPorts.secureRandom());
  }

  /** Adds one, {@code times} times, by reading and replacing. */
  static void raiseCounter(ObjectStore store, int times) {
    for (int done = 0; done < times; ) {
      StoredBytes current = Await.result(store.get(COUNTER, ByteRange.all())).orElseThrow();
      int value = Integer.parseInt(StandardCharsets.US_ASCII.decode(current.bytes()).toString());
      PutResult result = Await.result(store.putIfMatch(COUNTER, current.eTag(), number(value + 1)));
      if (result instanceof PutResult.Created) {
        done++;
      }
    }
  }

  static ObjectBody number(int value) {
    return ObjectBody.of(Integer.toString(value).getBytes(StandardCharsets.US_ASCII));
  }

  /** Creates objects and says which are acknowledged, until it is killed. */
  private static void writeForEver(ObjectStore store) {
    for (int i = 0; ; i++) {
      byte[] content = new byte[WRITTEN_BYTES];
      Arrays.fill(content, (byte) i);
      Await.result(store.putIfAbsent(new ObjectKey("written/" + i), ObjectBody.of(content)));
      System.out.println(i);
      System.out.flush();
    }
  }
}
