package io.sediment.objectstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirectIoTest {
  @TempDir Path folder;

  @Test
  void filesOfAnyLengthAreWrittenExactly() throws IOException {
    Optional<DirectIo> direct = DirectIo.probe(folder);
    assumeTrue(direct.isPresent(), "this filesystem has no direct I/O");
    Random random = new Random(1);
    for (int length : new int[] {0, 1, 511, 4096, 4097, 1 << 20, (1 << 20) + 1, 3_333_333}) {
      byte[] content = new byte[length];
      random.nextBytes(content);
      ByteBuffer heap = ByteBuffer.wrap(content, 0, length / 3);
      ByteBuffer direct2 = ByteBuffer.allocateDirect(length - length / 3 + 7).position(7);
      direct2.put(content, length / 3, length - length / 3).position(7);

      Path file = folder.resolve("length-" + length);
      direct.get().writeAndSync(file, new ByteBuffer[] {heap, ByteBuffer.allocate(0), direct2});
      assertThat(file).hasBinaryContent(content);
    }
  }

  @Test
  void aFileGrowsByBuffersAndByRegionsOfOtherFiles() throws IOException {
    Optional<DirectIo> direct = DirectIo.probe(folder);
    assumeTrue(direct.isPresent(), "this filesystem has no direct I/O");
    byte[] content = new byte[2_500_003];
    new Random(2).nextBytes(content);
    Path other = Files.write(folder.resolve("other"), content);
    Path file = folder.resolve("grown");
    try (GrowingFile grown = direct.get().grow(file);
        FileChannel source = FileChannel.open(other)) {
      grown.add(new ByteBuffer[] {ByteBuffer.wrap(content, 0, 77)});
      grown.add(new FileRange(source, 77, 1_300_000, content.length, new ETag("other")));
      grown.add(new FileRange(source, 1_300_077, 5, content.length, new ETag("other")));
      grown.add(new ByteBuffer[] {ByteBuffer.wrap(content, 1_300_082, content.length - 1_300_082)});
      assertThat(grown.length()).isEqualTo(content.length);
      grown.finish();
    }
    assertThat(file).hasBinaryContent(content);
  }

  @Test
  void theProbeLeavesNothingBehind() throws IOException {
    DirectIo.probe(folder);
    try (var files = Files.list(folder)) {
      assertThat(files).isEmpty();
    }
  }
}
