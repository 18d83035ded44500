package io.sediment.objectstore;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.runtime.Await;
import io.sediment.runtime.NamedThreads;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class MemoryObjectStoreTest implements ObjectStoreContract {
  @Override
  public ObjectStore newStore() {
    return new MemoryObjectStore();
  }

  @Nested
  class OnAnExecutor implements ObjectStoreContract {
    @Override
    public ObjectStore newStore() {
      return new MemoryObjectStore(NamedThreads.pool("memory-store", 3));
    }
  }

  @Test
  void anotherClientSeesTheSameBucketAndOutlivesTheFirst() {
    MemoryObjectStore one = new MemoryObjectStore();
    MemoryObjectStore two = one.anotherClient();
    Await.result(one.putIfAbsent(new ObjectKey("a"), ObjectBody.of(new byte[3])));
    one.close();

    assertThat(Await.result(two.list("", "", 10)))
        .containsExactly(new ListedObject(new ObjectKey("a"), 3));
  }

  @Test
  void anExecutorThatIsShutDownFailsCallsInsteadOfLosingThem() {
    ExecutorService executor = NamedThreads.pool("memory-store", 1);
    MemoryObjectStore store = new MemoryObjectStore(executor);
    executor.shutdown();
    CompletableFuture<Void> delete = store.delete(List.of());

    assertThat(Await.failure(delete)).isInstanceOf(ObjectStoreException.Unavailable.class);
  }
}
