package io.sediment.objectstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.objectstore.MultipartUpload.Part;
import io.sediment.runtime.Await;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How the parts of an upload become files; what they become in the end is in the contract. */
class LocalUploadTest {
  private static final ObjectKey KEY = new ObjectKey("d/object");

  /** A disk that counts new files, and that can be full. */
  private static final class CountingDisk extends Disk {
    private int grown;
    private boolean isFull;

    @Override
    GrowingFile grow(Path newFile) throws IOException {
      grown++;
      GrowingFile file = super.grow(newFile);
      return new GrowingFile() {
        @Override
        public void add(ByteBuffer[] buffers) throws IOException {
          if (isFull) {
            throw new IOException("No space left on device");
          }
          file.add(buffers);
        }

        @Override
        public void add(FileRange source) throws IOException {
          file.add(source);
        }

        @Override
        public long length() {
          return file.length();
        }

        @Override
        public void finish() throws IOException {
          file.finish();
        }

        @Override
        public void close() throws IOException {
          file.close();
        }
      };
    }
  }

  @TempDir Path root;
  private final CountingDisk disk = new CountingDisk();
  private LocalObjectStore store;

  @BeforeEach
  void open() {
    store =
        LocalObjectStore.open(
            root,
            new LocalObjectStore.Executors(Runnable::run, Runnable::run, Runnable::run),
            new Random(1),
            folder -> disk);
  }

  @Test
  void partsInOrderAreWrittenOnce() {
    MultipartUpload upload = Await.result(store.startMultipart(KEY));
    List<Part> parts = new ArrayList<>();
    for (int number = 1; number <= 5; number++) {
      parts.add(Await.result(upload.put(number, body("part " + number + ";"))));
    }
    Await.result(upload.complete(parts));

    assertThat(disk.grown).isEqualTo(1);
    assertThat(content()).isEqualTo("part 1;part 2;part 3;part 4;part 5;");
    assertThat(temporaryFiles()).isEmpty();
  }

  @Test
  void aPartThatIsSentAgainReplacesTheFirst() {
    MultipartUpload upload = Await.result(store.startMultipart(KEY));
    Await.result(upload.put(1, body("one")));
    Part second = Await.result(upload.put(2, body("two")));
    Part first = Await.result(upload.put(1, body("ONE")));
    Part third = Await.result(upload.put(3, body("three")));
    Await.result(upload.complete(List.of(first, second, third)));

    assertThat(content()).isEqualTo("ONEtwothree");
    assertThat(temporaryFiles()).isEmpty();
  }

  @Test
  void anUploadThatLeavesAPartOutIsCopiedTogether() {
    MultipartUpload upload = Await.result(store.startMultipart(KEY));
    Part first = Await.result(upload.put(1, body("one")));
    Await.result(upload.put(2, body("two")));
    Part third = Await.result(upload.put(3, body("three")));
    Await.result(upload.complete(List.of(first, third)));

    assertThat(content()).isEqualTo("onethree");
    assertThat(temporaryFiles()).isEmpty();
  }

  @Test
  void aFullDiskEndsTheUploadAndLeavesNothing() {
    MultipartUpload upload = Await.result(store.startMultipart(KEY));
    Part first = Await.result(upload.put(1, body("one")));
    disk.isFull = true;
    assertThatThrownBy(() -> Await.result(upload.put(2, body("two"))))
        .hasStackTraceContaining("No space left");
    disk.isFull = false;
    assertThatThrownBy(() -> Await.result(upload.put(2, body("two"))))
        .hasStackTraceContaining("has failed before");
    assertThatThrownBy(() -> Await.result(upload.complete(List.of(first))))
        .hasStackTraceContaining("has failed before");

    assertThat(Await.result(store.get(KEY, ByteRange.all()))).isEmpty();
    assertThat(temporaryFiles()).isEmpty();
  }

  @Test
  void aPartThatComesAfterTheEndIsRefusedAndLeavesNothing() {
    MultipartUpload aborted = Await.result(store.startMultipart(KEY));
    Await.result(aborted.put(1, body("one")));
    Await.result(aborted.abort());
    assertThat(Await.failure(aborted.put(2, body("late")))).hasMessageContaining("has ended");
    MultipartUpload completed = Await.result(store.startMultipart(KEY));
    Part one = Await.result(completed.put(1, body("one")));
    Await.result(completed.complete(List.of(one)));
    assertThat(Await.failure(completed.put(2, body("late")))).hasMessageContaining("has ended");
    assertThat(temporaryFiles()).isEmpty();
    assertThat(content()).isEqualTo("one");
  }

  private String content() {
    ByteBuffer bytes = Await.result(store.get(KEY, ByteRange.all())).orElseThrow().bytes();
    return StandardCharsets.UTF_8.decode(bytes).toString();
  }

  private List<Path> temporaryFiles() {
    try (var files = Files.walk(root)) {
      return files.filter(file -> file.getFileName().toString().contains("object~")).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static ObjectBody body(String text) {
    return ObjectBody.of(text.getBytes(StandardCharsets.UTF_8));
  }
}
