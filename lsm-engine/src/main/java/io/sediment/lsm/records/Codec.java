package io.sediment.lsm.records;

import com.github.luben.zstd.RecyclingBufferPool;
import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import com.github.luben.zstd.ZstdOutputStreamNoFinalizer;
import io.sediment.lsm.batch.RecordBatchLayout;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import net.jpountz.lz4.LZ4FrameInputStream;
import net.jpountz.lz4.LZ4FrameOutputStream;
import net.jpountz.lz4.LZ4FrameOutputStream.BLOCKSIZE;
import net.jpountz.lz4.LZ4FrameOutputStream.FLG;
import org.xerial.snappy.SnappyInputStream;
import org.xerial.snappy.SnappyOutputStream;

/** How the records of a batch are compressed: the lowest bits of its attributes. */
public enum Codec {
  NONE {
    @Override
    InputStream inflate(InputStream compressed) {
      return compressed;
    }

    @Override
    public OutputStream deflateTo(OutputStream compressed) {
      return compressed;
    }
  },
  GZIP {
    @Override
    InputStream inflate(InputStream compressed) throws IOException {
      return new GZIPInputStream(compressed, STREAM_BUFFER_BYTES);
    }

    @Override
    public OutputStream deflateTo(OutputStream compressed) throws IOException {
      return new GZIPOutputStream(compressed, STREAM_BUFFER_BYTES);
    }
  },
  /** In the frames of snappy-java, as Kafka's clients write them. */
  SNAPPY {
    @Override
    InputStream inflate(InputStream compressed) throws IOException {
      return new SnappyInputStream(compressed);
    }

    @Override
    public OutputStream deflateTo(OutputStream compressed) {
      return new SnappyOutputStream(compressed);
    }
  },
  /** Frames of independent blocks: clients read no others. */
  LZ4 {
    @Override
    InputStream inflate(InputStream compressed) throws IOException {
      return new LZ4FrameInputStream(compressed);
    }

    @Override
    public OutputStream deflateTo(OutputStream compressed) throws IOException {
      return new LZ4FrameOutputStream(compressed, BLOCKSIZE.SIZE_64KB, FLG.Bits.BLOCK_INDEPENDENCE);
    }
  },
  ZSTD {
    @Override
    InputStream inflate(InputStream compressed) throws IOException {
      return new ZstdInputStreamNoFinalizer(compressed, RecyclingBufferPool.INSTANCE);
    }

    @Override
    public OutputStream deflateTo(OutputStream compressed) throws IOException {
      return new ZstdOutputStreamNoFinalizer(compressed, RecyclingBufferPool.INSTANCE);
    }
  };

  private static final int STREAM_BUFFER_BYTES = 8 << 10;
  private static final Codec[] BY_CODE = values();

  /**
   * Of the batch at {@code position}.
   *
   * @throws BrokenRecordsException if the batch names none that exists
   */
  public static Codec of(ByteBuffer batch, int position) throws BrokenRecordsException {
    int code = RecordBatchLayout.attributes(batch, position) & RecordBatchLayout.CODEC;
    if (code >= BY_CODE.length) {
      throw new BrokenRecordsException("unknown compression: codec=" + code);
    }
    return BY_CODE[code];
  }

  /**
   * @param code as attributes have it, one that exists
   */
  public static Codec ofCode(int code) {
    return BY_CODE[code];
  }

  /** The bytes that {@code compressed} holds. May read its first ones. */
  abstract InputStream inflate(InputStream compressed) throws IOException;

  /** Where to write what {@code compressed} shall hold; complete only once closed. */
  public abstract OutputStream deflateTo(OutputStream compressed) throws IOException;
}
