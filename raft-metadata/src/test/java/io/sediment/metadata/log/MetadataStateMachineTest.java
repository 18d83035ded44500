package io.sediment.metadata.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.metadata.CommandLayout;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.MetadataOutput;
import io.sediment.metadata.Publication;
import io.sediment.metadata.RegisterBroker;
import io.sediment.metadata.bucket.ExportRegister;
import io.sediment.metadata.bucket.Exporter;
import io.sediment.objectstore.MemoryObjectStore;
import io.sediment.runtime.ManualScheduler;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class MetadataStateMachineTest {
  private final MetadataImage before = MetadataImage.empty("cluster", 1);
  private final ExportedImages images = new ExportedImages(new Publication(before));
  private final List<Long> written = new ArrayList<>();
  private final MetadataStateMachine machine =
      new MetadataStateMachine(
          images,
          new Exporter(
              new ExportRegister(new MemoryObjectStore(), 1, new UUID(1, 1)),
              new ManualScheduler(),
              images::exportedUpTo,
              halted -> {}));

  private void apply(byte[] entry, long index) {
    machine.apply(ByteBuffer.wrap(entry), 1, index, (changed, after, term, at) -> written.add(at));
  }

  /** Version 1: the bucket holds everything up to an index. */
  @Test
  void whatLogsOfFormerBuildsSayOfTheBucketIsPassedOver() {
    machine.load(before, -1);
    apply(new MetadataOutput().u8(0).u8(1).i64(17).toByteArray(), 18);
    assertThat(machine.image()).isSameAs(before);
    apply(CommandLayout.encode(new RegisterBroker(7, new UUID(7, 7), "host", 9092, null)), 19);
    assertThat(machine.image().broker(7)).isNotNull();
    assertThat(written).containsExactly(19L);
    assertThat(images.exportedIndex()).isEqualTo(Long.MIN_VALUE);
  }
}
