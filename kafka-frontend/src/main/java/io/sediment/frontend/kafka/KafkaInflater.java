package io.sediment.frontend.kafka;

import io.sediment.lsm.records.Codec;
import io.sediment.lsm.records.Inflater;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.utils.internals.BufferSupplier;

/**
 * Decompresses with Kafka's own decoders: what they cannot read, no Java consumer could. Each
 * thread keeps their buffers for its next batch, which is most of the time where batches are small.
 * For threads that live long.
 */
public final class KafkaInflater implements Inflater {
  private static final Compression[] BY_CODE =
      Arrays.stream(CompressionType.values())
          .map(type -> Compression.of(type).build())
          .toArray(Compression[]::new);

  private final ThreadLocal<BufferSupplier> buffers =
      ThreadLocal.withInitial(BufferSupplier::create);

  @Override
  public InputStream inflate(Codec codec, ByteBuffer payload) {
    return BY_CODE[codec.ordinal()].wrapForInput(
        payload, RecordBatch.CURRENT_MAGIC_VALUE, buffers.get());
  }
}
