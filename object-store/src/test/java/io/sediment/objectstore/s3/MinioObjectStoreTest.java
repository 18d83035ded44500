package io.sediment.objectstore.s3;

import io.sediment.objectstore.ObjectStore;
import io.sediment.objectstore.ObjectStoreContract;
import io.sediment.runtime.Await;
import java.io.IOException;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.condition.EnabledIf;
import org.testcontainers.containers.ContainerFetchException;
import org.testcontainers.containers.ContainerLaunchException;
import org.testcontainers.containers.MinIOContainer;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.services.s3.model.CreateBucketRequest;

/** The contract of the port on MinIO, where Docker is there to run it. */
@EnabledIf("dockerAnswers")
class MinioObjectStoreTest implements ObjectStoreContract {
  private static final String IMAGE = "minio/minio:RELEASE.2025-04-22T22-12-26Z";
  private static final String BUCKET = "sediment-test";
  private static final AtomicInteger prefixes = new AtomicInteger();

  static MinIOContainer minio;
  static StaticCredentialsProvider credentials;

  static boolean dockerAnswers() {
    try (SocketChannel docker =
        SocketChannel.open(UnixDomainSocketAddress.of(Path.of("/var/run/docker.sock")))) {
      return docker.isConnected();
    } catch (IOException | UnsupportedOperationException absent) {
      return false;
    }
  }

  @BeforeAll
  static void start() {
    minio = new MinIOContainer(IMAGE);
    try {
      minio.start();
    } catch (ContainerFetchException | ContainerLaunchException e) {
      Assumptions.abort("Docker cannot run " + IMAGE + ": " + e.getMessage());
    }
    credentials =
        StaticCredentialsProvider.create(
            AwsBasicCredentials.create(minio.getUserName(), minio.getPassword()));
    S3Connections connections = S3Connections.open(config(), "make-bucket", credentials);
    Await.result(
        connections.client().createBucket(CreateBucketRequest.builder().bucket(BUCKET).build()));
    connections.close(() -> {});
  }

  @AfterAll
  static void stop() {
    minio.stop();
  }

  private static S3StoreConfig config() {
    return S3StoreConfig.of(BUCKET, "us-east-1").withEndpoint(URI.create(minio.getS3URL()));
  }

  @Override
  public ObjectStore newStore() {
    String prefix = "test-" + prefixes.incrementAndGet();
    return S3ObjectStore.open(config().withKeyPrefix(prefix), "test", credentials);
  }

  @Override
  public int minPartBytes() {
    return 5 << 20;
  }
}
