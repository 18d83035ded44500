package io.sediment.objectstore;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * A disk that can kill its process before any of its steps (a write dies half done), and that
 * forgets at a power cut what was never synced: names in folders, and the bytes of files.
 *
 * <p>Its own notes are kept in the real filesystem outside the store's root. One thread.
 */
final class ForgetfulDisk extends Disk {
  /** The process dies here; nothing after it runs. */
  static final class Killed extends Error {
    private static final long serialVersionUID = 1;
  }

  /** Takes back a change that was not synced. */
  private record Undo(Path folder, Action action) {
    interface Action {
      void run() throws IOException;
    }
  }

  private final Path graveyard;
  private final Deque<Undo> unsyncedNames = new ArrayDeque<>(); // newest first
  private final Set<Long> unsyncedInodes = new HashSet<>();
  private int steps;
  private int dieAtStep = Integer.MAX_VALUE;
  private int graves;
  boolean losesFolderSyncs;
  boolean isFull;

  /**
   * @param graveyard an empty folder on the same filesystem
   */
  ForgetfulDisk(Path graveyard) {
    this.graveyard = graveyard;
  }

  /** Lets {@code count} more steps happen and dies before the next. */
  void dieAfter(int count) {
    dieAtStep = steps + count;
  }

  void dieNoMore() {
    dieAtStep = Integer.MAX_VALUE;
  }

  int steps() {
    return steps;
  }

  private boolean diesNow() {
    return steps++ >= dieAtStep;
  }

  private void step() {
    if (diesNow()) {
      throw new Killed();
    }
  }

  private void endHalfDone(boolean dies) throws IOException {
    if (dies) {
      throw new Killed();
    }
    if (isFull) {
      throw new IOException("No space left on device");
    }
  }

  @Override
  void writeAndSync(Path newFile, ByteBuffer[] buffers) throws IOException {
    write(newFile, buffers);
    syncFile(newFile);
  }

  @Override
  void write(Path newFile, ByteBuffer[] buffers) throws IOException {
    boolean dies = diesNow();
    super.write(newFile, dies || isFull ? firstHalf(buffers) : buffers);
    unsyncedInodes.add(inode(newFile));
    endHalfDone(dies);
  }

  @Override
  GrowingFile grow(Path newFile) throws IOException {
    step();
    GrowingFile file = super.grow(newFile);
    unsyncedInodes.add(inode(newFile));
    return new DyingFile(file);
  }

  @Override
  void syncFile(Path file) throws IOException {
    step();
    super.syncFile(file);
    unsyncedInodes.remove(inode(file));
  }

  @Override
  void syncFolder(Path folder) throws IOException {
    step();
    if (!losesFolderSyncs) {
      unsyncedNames.removeIf(undo -> undo.folder().equals(folder));
    }
  }

  @Override
  boolean link(Path newName, Path file) throws IOException {
    step();
    boolean linked = super.link(newName, file);
    if (linked) {
      unsyncedNames.push(new Undo(newName.getParent(), () -> Files.deleteIfExists(newName)));
    }
    return linked;
  }

  @Override
  void rename(Path from, Path to) throws IOException {
    step();
    if (Files.exists(to)) {
      Path grave = newGrave();
      Files.move(to, grave);
      unsyncedNames.push(new Undo(to.getParent(), () -> Files.move(grave, to)));
    }
    super.rename(from, to);
    unsyncedNames.push(new Undo(to.getParent(), () -> Files.deleteIfExists(to)));
  }

  @Override
  boolean unlink(Path name) throws IOException {
    step();
    boolean isObject = !name.toString().contains("~");
    if (!isObject || !Files.exists(name)) {
      return super.unlink(name);
    }
    Path grave = newGrave();
    Files.move(name, grave);
    unsyncedNames.push(new Undo(name.getParent(), () -> Files.move(grave, name)));
    return true;
  }

  @Override
  void createFolder(Path folder) throws IOException {
    step();
    if (!Files.exists(folder)) {
      super.createFolder(folder);
      unsyncedNames.push(new Undo(folder.getParent(), () -> removeTree(folder)));
    }
  }

  private final class DyingFile implements GrowingFile {
    private final GrowingFile file;

    DyingFile(GrowingFile file) {
      this.file = file;
    }

    @Override
    public void add(ByteBuffer[] buffers) throws IOException {
      boolean dies = diesNow();
      file.add(dies || isFull ? firstHalf(buffers) : buffers);
      endHalfDone(dies);
    }

    @Override
    public void add(FileRange source) throws IOException {
      step();
      file.add(source);
    }

    @Override
    public long length() {
      return file.length();
    }

    @Override
    public void finish() throws IOException {
      step();
      file.finish();
    }

    @Override
    public void close() throws IOException {
      file.close();
    }
  }

  /** The power goes: every change that was not synced is undone, newest first. */
  void cutPower(Path root) throws IOException {
    for (Iterator<Undo> undo = unsyncedNames.iterator(); undo.hasNext(); ) {
      undo.next().action().run();
    }
    unsyncedNames.clear();
    try (Stream<Path> files = Files.walk(root)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        if (unsyncedInodes.contains(inode(file))) {
          try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.truncate(channel.size() / 3);
          }
        }
      }
    }
    unsyncedInodes.clear();
  }

  private Path newGrave() {
    return graveyard.resolve(Integer.toString(graves++));
  }

  private static void removeTree(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    List<Path> deepestFirst;
    try (Stream<Path> tree = Files.walk(folder)) {
      deepestFirst = tree.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path path : deepestFirst) {
      Files.delete(path);
    }
  }

  private static long inode(Path file) throws IOException {
    return LocalFile.stat(file).orElseThrow().inode();
  }

  private static ByteBuffer[] firstHalf(ByteBuffer[] buffers) {
    for (ByteBuffer buffer : buffers) {
      buffer.limit(buffer.position() + buffer.remaining() / 2);
    }
    return buffers;
  }
}
