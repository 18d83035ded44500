package io.sediment.cluster;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/** Looks at a folder that a setting names before anything is touched, and says what is wrong. */
final class UsableFolder {
  private UsableFolder() {}

  /**
   * @param setting the variable that named {@code text}
   * @throws InvalidSettingException if no folder can have that name
   */
  static Path named(String setting, String text) {
    try {
      return Path.of(text);
    } catch (InvalidPathException e) {
      throw new InvalidSettingException(
          setting, text, Optional.of(e.getReason()), "a folder of this machine");
    }
  }

  /**
   * Checks that the folder may be written to, or can be made where it is not.
   *
   * @throws InvalidSettingException if not
   */
  static void require(String setting, Path folder) {
    Path whole = folder.toAbsolutePath().normalize();
    Path there = nearestThere(whole);
    if (!Files.isDirectory(there) || !Files.isWritable(there)) {
      throw new InvalidSettingException(
          setting,
          folder.toString(),
          "a folder that this process may write to, and " + there + " is none");
    }
    if (!there.equals(whole)) {
      try {
        rehearse(there, there.relativize(whole));
      } catch (IOException e) {
        throw new InvalidSettingException(
            setting,
            folder.toString(),
            Optional.of("it is not there and cannot be made in " + there + ": " + reason(e)),
            "a folder that this process may write to");
      }
    }
  }

  /**
   * Checks that neither folder lies in the other: what is listed, swept and emptied in the one
   * would be the other's.
   *
   * @throws InvalidSettingException naming both, if one does
   */
  static void requireApart(String setting, Path folder, String otherSetting, Path other)
      throws IOException {
    Path one = real(folder);
    Path two = real(other);
    if (one.startsWith(two) || two.startsWith(one)) {
      throw new InvalidSettingException(
          setting,
          folder.toString(),
          "a folder that neither lies in "
              + otherSetting
              + " nor holds it, which is "
              + InvalidSettingException.shown(other.toString()));
    }
  }

  /** As it will be once it is there, without symbolic links. */
  private static Path real(Path folder) throws IOException {
    Path whole = folder.toAbsolutePath().normalize();
    Path there = nearestThere(whole);
    return there.toRealPath().resolve(there.relativize(whole)).normalize();
  }

  private static Path nearestThere(Path whole) {
    Path there = whole;
    while (!Files.exists(there) && there.getParent() != null) {
      there = there.getParent();
    }
    return there;
  }

  /**
   * Makes folders of these names below one of another name, and takes them away again: no
   * permission tells what a filesystem like /proc does not do, or which names are too long. The
   * folder itself is left to who makes its name durable.
   */
  private static void rehearse(Path there, Path missing) throws IOException {
    Deque<Path> made = new ArrayDeque<>();
    made.push(Files.createTempDirectory(there, ".sediment-"));
    try {
      for (Path name : missing) {
        made.push(Files.createDirectory(made.element().resolve(name)));
      }
    } finally {
      for (Path folder : made) {
        Files.delete(folder);
      }
    }
  }

  private static String reason(IOException failure) {
    return failure instanceof FileSystemException e && e.getReason() != null
        ? e.getReason()
        : failure.getClass().getSimpleName();
  }
}
