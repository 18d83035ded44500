package io.sediment.cluster;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** Hands the folder of the one {@link SampleBucket} to all tests, which must not change it. */
final class SampleBucketExtension implements ParameterResolver {
  private static final class Made implements AutoCloseable {
    private final Path temp;
    private final Path bucket;

    Made() {
      try {
        temp = Files.createTempDirectory("sample-bucket");
        bucket = SampleBucket.make(temp);
      } catch (Exception e) {
        throw new IllegalStateException("no sample bucket: " + e, e); // reports show no cause
      }
    }

    @Override
    public void close() throws IOException {
      List<Path> deepestFirst;
      try (Stream<Path> paths = Files.walk(temp)) {
        deepestFirst = paths.sorted(Comparator.reverseOrder()).toList();
      }
      for (Path path : deepestFirst) {
        Files.delete(path);
      }
    }
  }

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext extension) {
    return parameter.getParameter().getType() == Path.class
        && !parameter.isAnnotated(org.junit.jupiter.api.io.TempDir.class);
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext extension) {
    return extension
        .getRoot()
        .getStore(Namespace.create(SampleBucketExtension.class))
        .computeIfAbsent("bucket", none -> new Made(), Made.class)
        .bucket;
  }
}
