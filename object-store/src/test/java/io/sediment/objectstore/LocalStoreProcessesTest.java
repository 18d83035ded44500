package io.sediment.objectstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.runtime.Await;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Several processes on one root, one of them killed. */
class LocalStoreProcessesTest {
  @TempDir Path root;

  @Test
  void twoProcessesRaiseOneCounterWithoutLosingAStep() throws Exception {
    try (LocalObjectStore store = LocalStoreChild.open(root)) {
      Await.result(store.putIfAbsent(LocalStoreChild.COUNTER, LocalStoreChild.number(0)));
      Process child = start("count", "60");
      LocalStoreChild.raiseCounter(store, 60);
      assertThat(child.waitFor(Await.PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
      assertThat(child.exitValue()).isZero();

      StoredBytes counter =
          Await.result(store.get(LocalStoreChild.COUNTER, ByteRange.all())).orElseThrow();
      assertThat(StandardCharsets.US_ASCII.decode(counter.bytes()).toString()).isEqualTo("120");
    }
  }

  @Test
  void aKilledProcessLeavesWhatItAcknowledgedAndNothingElse() throws Exception {
    Process child = start("write");
    List<Integer> acknowledged = new ArrayList<>();
    try (BufferedReader lines =
        new BufferedReader(new InputStreamReader(child.getInputStream(), StandardCharsets.UTF_8))) {
      for (int i = 0; i < 5; i++) {
        acknowledged.add(Integer.parseInt(lines.readLine()));
      }
      LocalStoreChild.open(root).close(); // sweeps, and must not touch the living one's files
      for (int i = 0; i < 15; i++) {
        acknowledged.add(Integer.parseInt(lines.readLine()));
      }
      child.destroyForcibly().waitFor();
    }

    try (LocalObjectStore store = LocalStoreChild.open(root)) {
      assertThat(acknowledged).hasSize(20);
      for (int number : acknowledged) {
        StoredBytes stored =
            Await.result(store.get(new ObjectKey("written/" + number), ByteRange.all()))
                .orElseThrow();
        assertThat(stored.objectLength()).isEqualTo(LocalStoreChild.WRITTEN_BYTES);
        assertThat(stored.bytes().get()).isEqualTo((byte) number);
      }
      try (Stream<Path> temp = Files.walk(root.resolve("~temp"))) {
        assertThat(temp.filter(Files::isRegularFile)).as("own lock only").hasSize(1);
      }
    }
  }

  @Test
  void networkFilesystemsAreRefusedByName() {
    assertThat(List.of("nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "fuse.s3fs", "NFS"))
        .allMatch(LocalFilesystem::isNetwork);
    assertThat(List.of("ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "apfs", "fuseblk"))
        .noneMatch(LocalFilesystem::isNetwork);
    assertThatThrownBy(() -> LocalObjectStore.refuseNetwork("nfs4", Path.of("/mnt/data")))
        .isInstanceOf(ObjectStoreException.Refused.class)
        .hasMessageContaining("unsupported network filesystem")
        .hasMessageContaining("type=nfs4 path=/mnt/data");
  }

  @Test
  void aKeyThatIsAFolderOfOthersIsRefused() {
    try (LocalObjectStore store = LocalStoreChild.open(root)) {
      Await.result(store.putIfAbsent(new ObjectKey("a/b"), LocalStoreChild.number(1)));
      for (String key : List.of("a", "a/b/c")) {
        assertThat(Await.failure(store.putIfAbsent(new ObjectKey(key), LocalStoreChild.number(2))))
            .as(key)
            .isInstanceOf(ObjectStoreException.Refused.class);
      }
    }
  }

  private Process start(String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx64m", "-cp", System.getProperty("java.class.path")));
    command.add(LocalStoreChild.class.getName());
    command.add(root.toString());
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
  }
}
