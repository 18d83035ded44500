package io.sediment.objectstore;

import io.sediment.runtime.EdgeToTheDisk;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Walks folders so that keys come in byte order, visiting only folders that can hold a row. */
@EdgeToTheDisk
final class LocalListing {
  private final Path root;
  private final String startAfter;
  private final int limit;
  private final List<ListedObject> rows = new ArrayList<>();

  private LocalListing(Path root, String startAfter, int limit) {
    this.root = root;
    this.startAfter = startAfter;
    this.limit = limit;
  }

  static List<ListedObject> list(Path root, String prefix, String startAfter, int limit)
      throws IOException {
    LocalListing listing = new LocalListing(root, startAfter, limit);
    listing.visit(prefix);
    return listing.rows;
  }

  /**
   * @param prefix empty, or a folder's path with '/' behind it
   */
  private void visit(String prefix) throws IOException {
    // A folder's keys all begin "name/", so with that slash it sorts beside files as they do.
    List<String> names = new ArrayList<>();
    try (DirectoryStream<Path> children = Files.newDirectoryStream(root.resolve(prefix))) {
      for (Path child : children) {
        String name = child.getFileName().toString();
        if (!LocalLayout.isOurs(name)) {
          names.add(Files.isDirectory(child) ? name + "/" : name);
        }
      }
    } catch (NoSuchFileException | NotDirectoryException e) {
      return;
    }
    names.sort(null);
    for (String name : names) {
      if (rows.size() == limit) {
        return;
      }
      String path = prefix + name;
      if (name.endsWith("/")) {
        if (path.compareTo(startAfter) > 0 || startAfter.startsWith(path)) {
          visit(path);
        }
      } else if (path.compareTo(startAfter) > 0) {
        add(path);
      }
    }
  }

  private void add(String path) throws IOException {
    Optional<LocalFile> file = LocalFile.stat(root.resolve(path));
    if (file.isPresent()) { // else deleted since
      rows.add(new ListedObject(new ObjectKey(path), file.get().length()));
    }
  }
}
