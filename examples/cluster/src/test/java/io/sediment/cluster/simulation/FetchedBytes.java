package io.sediment.cluster.simulation;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.FetchResponseData.FetchableTopicResponse;
import org.apache.kafka.common.message.FetchResponseData.PartitionData;
import org.apache.kafka.common.network.TransferableChannel;
import org.apache.kafka.common.record.internal.BaseRecords;
import org.apache.kafka.common.record.internal.MemoryRecords;

/** Where the record bytes of a fetch response go: as a socket would take them, into memory. */
final class FetchedBytes implements TransferableChannel {
  private final ByteBuffer bytes;

  private FetchedBytes(int size) {
    this.bytes = ByteBuffer.allocate(size);
  }

  /** The response with bytes of its own. */
  static FetchResponseData copyOf(FetchResponseData response) {
    for (FetchableTopicResponse topic : response.responses()) {
      for (PartitionData partition : topic.partitions()) {
        BaseRecords records = partition.records();
        if (records != null) {
          partition.setRecords(copyOf(records));
        }
      }
    }
    return response;
  }

  private static MemoryRecords copyOf(BaseRecords records) {
    FetchedBytes all = new FetchedBytes(records.sizeInBytes());
    try {
      if (records.sizeInBytes() > 0) {
        records.toSend().writeTo(all);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return MemoryRecords.readableRecords(all.bytes.flip());
  }

  @Override
  public int write(ByteBuffer source) {
    int size = source.remaining();
    bytes.put(source);
    return size;
  }

  @Override
  public long write(ByteBuffer[] sources) {
    return write(sources, 0, sources.length);
  }

  @Override
  public long write(ByteBuffer[] sources, int offset, int length) {
    long size = 0;
    for (int i = offset; i < offset + length; i++) {
      size += write(sources[i]);
    }
    return size;
  }

  @Override
  public long transferFrom(FileChannel file, long position, long count) {
    throw new UnsupportedOperationException("no files here");
  }

  @Override
  public boolean hasPendingWrites() {
    return false;
  }

  @Override
  public boolean isOpen() {
    return true;
  }

  @Override
  public void close() {}
}
