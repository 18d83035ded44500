package io.sediment.cluster;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Where log compaction keeps what does not fit into memory while a job runs: in a broker a folder
 * beside the Raft log, the one place on a local disk that it surely has; in a compactor one of the
 * temporary folder, named after its port. Nothing in it outlives a process.
 */
final class CompactionScratch {
  private CompactionScratch() {}

  /** The folder, without what a process that was killed has left in it. */
  static Path emptied(Path parent) throws IOException {
    Path folder = Files.createDirectories(parent.resolve("compaction"));
    try (DirectoryStream<Path> left = Files.newDirectoryStream(folder)) {
      for (Path file : left) {
        Files.delete(file);
      }
    }
    return folder;
  }
}
