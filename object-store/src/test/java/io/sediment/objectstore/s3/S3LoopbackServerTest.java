package io.sediment.objectstore.s3;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.objectstore.ByteRange;
import io.sediment.objectstore.ObjectBody;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.objectstore.PutResult;
import io.sediment.runtime.Await;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the tests on the server rest on and the contract suite does not show. */
class S3LoopbackServerTest {
  @TempDir Path folder;

  @Test
  void aFolderThatFallsEmptyDoesNotDisturbItsNextWriter() {
    try (S3LoopbackServer server = S3LoopbackServer.inMemory();
        ObjectStore store = S3LoopbackServer.open(server.config())) {
      List<CompletableFuture<Void>> cycles = new ArrayList<>();
      for (int writer = 0; writer < 4; writer++) {
        CompletableFuture<Void> cycle = CompletableFuture.completedFuture(null);
        for (int i = 0; i < 100; i++) {
          ObjectKey key = new ObjectKey("a/b/" + writer + "-" + i);
          cycle =
              cycle
                  .thenCompose(before -> store.putIfAbsent(key, ObjectBody.of(new byte[10])))
                  .thenCompose(created -> store.delete(List.of(key)));
        }
        cycles.add(cycle);
      }
      cycles.forEach(Await::result);
    }
  }

  @Test
  void objectsOnAFolderOutliveTheServer() {
    ObjectKey key = new ObjectKey("a/b");
    Path objects = folder.resolve("objects");
    try (S3LoopbackServer server = S3LoopbackServer.onFolder(objects);
        ObjectStore store = S3LoopbackServer.open(server.config())) {
      Await.result(store.putIfAbsent(key, ObjectBody.of(new byte[] {7})));
    }
    try (S3LoopbackServer server = S3LoopbackServer.onFolder(objects);
        ObjectStore store = S3LoopbackServer.open(server.config())) {
      assertThat(Await.result(store.get(key, ByteRange.all())).orElseThrow().bytes().get())
          .isEqualTo((byte) 7);
      assertThat(Await.result(store.putIfAbsent(key, ObjectBody.of(new byte[1]))))
          .isEqualTo(new PutResult.PreconditionFailed());
    }
  }
}
