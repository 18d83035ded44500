package io.sediment.metadata.ratis;

import io.sediment.runtime.EdgeToTheDisk;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.storage.FileInfo;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.statemachine.SnapshotInfo;
import org.apache.ratis.statemachine.SnapshotRetentionPolicy;
import org.apache.ratis.statemachine.StateMachineStorage;
import org.apache.ratis.statemachine.impl.FileListSnapshotInfo;
import org.apache.ratis.util.MD5FileUtil;
import org.jspecify.annotations.Nullable;

/**
 * Checkpoints of the state rows as Ratis's snapshots: one folder for each, named by term and index.
 * Ratis sends the files of the newest to a follower that is too far behind, and there puts them in
 * place of the whole folder.
 */
@EdgeToTheDisk
final class Checkpoints implements StateMachineStorage {
  private static final Pattern NAME = Pattern.compile("checkpoint\\.(\\d+)_(\\d+)");

  /** The newest, and the one before in case a follower is just being sent its files. */
  private static final int KEPT = 2;

  private @Nullable File folder;
  private volatile @Nullable SnapshotInfo latest;

  private record Found(Path path, TermIndex termIndex) {}

  @Override
  public void init(RaftStorage storage) throws IOException {
    folder = storage.getStorageDir().getStateMachineDir();
    refresh();
  }

  /** Looks at the folder again. */
  void refresh() throws IOException {
    Optional<Found> newest = all().stream().max(Comparator.comparing(Found::termIndex));
    if (newest.isEmpty()) {
      latest = null;
      return;
    }
    List<FileInfo> files = new ArrayList<>();
    for (Path file : Folders.files(newest.get().path())) {
      if (!file.toString().endsWith(MD5FileUtil.MD5_SUFFIX)) {
        files.add(new FileInfo(file, MD5FileUtil.computeMd5ForFile(file.toFile())));
      }
    }
    latest = new FileListSnapshotInfo(files, newest.get().termIndex());
  }

  /** Where the checkpoint of {@code termIndex} is, or is to be. */
  Path path(TermIndex termIndex) {
    return root().resolve("checkpoint." + termIndex.getTerm() + "_" + termIndex.getIndex());
  }

  @Override
  public @Nullable SnapshotInfo getLatestSnapshot() {
    return latest;
  }

  @Override
  public void format() {}

  @Override
  public void cleanupOldSnapshots(SnapshotRetentionPolicy policy) throws IOException {
    List<Found> newestFirst =
        all().stream().sorted(Comparator.comparing(Found::termIndex).reversed()).toList();
    for (Found old : newestFirst.stream().skip(KEPT).toList()) {
      Folders.delete(old.path());
    }
  }

  private List<Found> all() throws IOException {
    List<Found> found = new ArrayList<>();
    if (!Files.isDirectory(root())) {
      return found;
    }
    try (Stream<Path> entries = Files.list(root())) {
      entries.forEach(
          path -> {
            Matcher name = NAME.matcher(path.getFileName().toString());
            if (name.matches()) {
              found.add(
                  new Found(
                      path,
                      TermIndex.valueOf(
                          Long.parseLong(name.group(1)), Long.parseLong(name.group(2)))));
            }
          });
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    return found;
  }

  private Path root() {
    if (folder == null) {
      throw new IllegalStateException("not initialized");
    }
    return folder.toPath();
  }
}
