package io.sediment.cluster;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;

/**
 * The objects of a bucket in a folder while a broker is at work there. Unlike {@link Files#walk},
 * which fails on a file that goes between its listing and its turn, it leaves such files out; and
 * the local store's own files, whose names hold a tilde.
 */
final class FilesAtWork {
  private FilesAtWork() {}

  /** In order of name. */
  static List<Path> in(Path bucket) throws IOException {
    List<Path> found = new ArrayList<>();
    Files.walkFileTree(
        bucket,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
            return isOwn(folder) ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            if (!isOwn(file)) {
              found.add(file);
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
            if (e instanceof NoSuchFileException) {
              return FileVisitResult.CONTINUE;
            }
            throw e;
          }

          private boolean isOwn(Path path) {
            return bucket.relativize(path).toString().indexOf('~') >= 0;
          }
        });
    found.sort(null);
    return found;
  }
}
