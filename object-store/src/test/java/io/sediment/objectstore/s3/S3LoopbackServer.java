package io.sediment.objectstore.s3;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.Field;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Function;
import java.util.function.Supplier;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.auth.AuthenticationType;
import org.gaul.s3proxy.blobstore.BlobStore;
import org.gaul.s3proxy.blobstore.ForwardingBlobStore;
import org.gaul.s3proxy.blobstore.domain.MultipartUpload;
import org.gaul.s3proxy.nio2blob.FilesystemNio2BlobStore;
import org.gaul.s3proxy.nio2blob.TransientNio2BlobStore;
import org.gaul.shaded.org.eclipse.jetty.http.HttpHeader;
import org.gaul.shaded.org.eclipse.jetty.io.Content;
import org.gaul.shaded.org.eclipse.jetty.server.Handler;
import org.gaul.shaded.org.eclipse.jetty.server.Request;
import org.gaul.shaded.org.eclipse.jetty.server.Response;
import org.gaul.shaded.org.eclipse.jetty.server.Server;
import org.gaul.shaded.org.eclipse.jetty.util.Callback;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.services.s3.model.CompleteMultipartUploadRequest;
import software.amazon.awssdk.services.s3.model.CompleteMultipartUploadResponse;
import software.amazon.awssdk.services.s3.model.CopyObjectRequest;
import software.amazon.awssdk.services.s3.model.CopyObjectResponse;
import software.amazon.awssdk.services.s3.model.CreateBucketRequest;
import software.amazon.awssdk.services.s3.model.CreateMultipartUploadRequest;
import software.amazon.awssdk.services.s3.model.DeleteObjectRequest;
import software.amazon.awssdk.services.s3.model.DeleteObjectResponse;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.PutObjectResponse;
import software.amazon.awssdk.services.s3.model.UploadPartRequest;
import software.amazon.awssdk.services.s3.model.UploadPartResponse;

/**
 * A real S3 server over HTTP on loopback, in memory or on a folder: S3Proxy, with what it lacks
 * added in front of it and below it.
 *
 * <ul>
 *   <li>S3Proxy compares the tag of an {@code If-Match} put and then writes, so several racing
 *       writers win. Here conditional writes of a key, and everything else that changes that key,
 *       take turns. {@code If-None-Match: *} it does atomically itself.
 *   <li>S3Proxy may answer before it has read a body to its end, which costs the client its
 *       connection now and then. Here bodies are read to their end first.
 *   <li>S3Proxy removes folders that fall empty, also while an object is being written into them,
 *       and answers that put with 500. Here removals and writes do not overlap in memory, and leave
 *       the folders where there are any.
 * </ul>
 *
 * <p>Objects on a folder outlive the process, not a power cut. One process per folder.
 */
public final class S3LoopbackServer implements AutoCloseable {
  public static final String BUCKET = "sediment-test";
  public static final String ACCESS_KEY = "loopback-access-key";
  public static final String SECRET_KEY = "loopback-secret-key";
  public static final String REGION = "us-east-1";

  private static final long BUFFERED_BODY_BYTES_MAX = 128L << 20;

  private final S3Proxy proxy;

  private S3LoopbackServer(S3Proxy proxy) {
    this.proxy = proxy;
  }

  /** A server with an empty bucket in memory, on a free port. */
  public static S3LoopbackServer inMemory() {
    return start(inMemoryStore(), 0, BUCKET);
  }

  /** A server on what is in {@code folder}, which is made where it is missing. */
  public static S3LoopbackServer onFolder(Path folder) {
    return onFolder(folder, 0, BUCKET);
  }

  private static S3LoopbackServer onFolder(Path folder, int port, String bucket) {
    try {
      Files.createDirectories(folder);
      // Tags and metadata live in extended attributes; without them S3Proxy is silently wrong.
      Path probe = Files.createTempFile(folder.toAbsolutePath().getParent(), "probe", null);
      try {
        Files.setAttribute(probe, "user:probe", new byte[] {1});
      } finally {
        Files.delete(probe);
      }
    } catch (IOException | UnsupportedOperationException e) {
      throw new IllegalStateException("no folder for an S3 server: " + folder, e);
    }
    return start(
        locks ->
            new FolderKeepingStore(
                new FilesystemNio2BlobStore(folder.toString()), locks, folder.toAbsolutePath()),
        port,
        bucket);
  }

  private static Function<KeyLocks, BlobStore> inMemoryStore() {
    return locks -> new TurnTakingStore(new TransientNio2BlobStore(), locks);
  }

  private static S3LoopbackServer start(
      Function<KeyLocks, BlobStore> objects, int port, String bucket) {
    KeyLocks locks = new KeyLocks();
    BlobStore store = objects.apply(locks);
    if (store.list().buckets().stream().noneMatch(known -> known.name().equals(bucket))) {
      store.createContainer(CreateBucketRequest.builder().bucket(bucket).build());
    }
    try {
      S3Proxy proxy =
          S3Proxy.builder()
              .blobStore(store)
              .endpoint(URI.create("http://127.0.0.1:" + port))
              .awsAuthentication(AuthenticationType.AWS_V2_OR_V4, ACCESS_KEY, SECRET_KEY)
              .ignoreUnknownHeaders(true)
              .stopTimeout(0)
              .build();
      // S3Proxy keeps its web server to itself; this name is the one in the pinned version.
      Field hidden = S3Proxy.class.getDeclaredField("server");
      hidden.setAccessible(true);
      Server web = (Server) hidden.get(proxy);
      web.setHandler(new TurnTakingHandler(web.getHandler(), locks));
      proxy.start();
      return new S3LoopbackServer(proxy);
    } catch (Exception e) {
      throw new IllegalStateException("the S3 server does not start: port=" + port, e);
    }
  }

  public URI endpoint() {
    return URI.create("http://127.0.0.1:" + proxy.getPort());
  }

  /** How to reach this server's bucket. */
  public S3StoreConfig config() {
    return S3StoreConfig.of(BUCKET, REGION).withEndpoint(endpoint());
  }

  /** A store on {@code config} with the credentials that every server of this class takes. */
  public static S3ObjectStore open(S3StoreConfig config) {
    return open(config, SECRET_KEY);
  }

  static S3ObjectStore open(S3StoreConfig config, String secretKey) {
    return S3ObjectStore.open(
        config,
        "test",
        StaticCredentialsProvider.create(AwsBasicCredentials.create(ACCESS_KEY, secretKey)));
  }

  @Override
  public void close() {
    try {
      proxy.stop();
    } catch (Exception e) {
      throw new IllegalStateException("the S3 server does not stop", e);
    }
  }

  /**
   * Runs a server until the process is killed. Arguments in pairs: {@code --port} (0: a free one),
   * {@code --folder} (left out: in memory), {@code --bucket}. Prints one line when ready.
   */
  public static void main(String[] arguments) throws InterruptedException {
    Map<String, String> options = options(arguments);
    int port = Integer.parseInt(options.getOrDefault("--port", "0"));
    String bucket = options.getOrDefault("--bucket", BUCKET);
    String folder = options.get("--folder");
    S3LoopbackServer server =
        folder == null
            ? start(inMemoryStore(), port, bucket)
            : onFolder(Path.of(folder), port, bucket);
    System.out.println(
        "ready endpoint="
            + server.endpoint()
            + " bucket="
            + bucket
            + " accessKey="
            + ACCESS_KEY
            + " secretKey="
            + SECRET_KEY);
    new CountDownLatch(1).await();
  }

  static Map<String, String> options(String[] arguments) {
    Map<String, String> options = new HashMap<>();
    for (int i = 0; i + 1 < arguments.length; i += 2) {
      options.put(arguments[i], arguments[i + 1]);
    }
    return options;
  }

  /** In front of S3Proxy: a conditional request has its key to itself from compare to write. */
  private static final class TurnTakingHandler extends Handler.Wrapper {
    private final KeyLocks locks;

    TurnTakingHandler(Handler next, KeyLocks locks) {
      super(next);
      this.locks = locks;
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
      Request whole = hasBody(request) ? new ReadRequest(request) : request;
      if (!isConditionalWrite(request)) {
        return super.handle(whole, response, callback);
      }
      String[] bucketAndKey = decodedPath(request).split("/", 2);
      Lock lock = locks.of(bucketAndKey[0], bucketAndKey.length > 1 ? bucketAndKey[1] : "");
      lock.lock();
      try {
        return super.handle(
            whole, response, callback); // done when it returns: a servlet, not async
      } finally {
        lock.unlock();
      }
    }

    private static boolean hasBody(Request request) {
      String method = request.getMethod();
      return (method.equals("PUT") || method.equals("POST"))
          && request.getLength() <= BUFFERED_BODY_BYTES_MAX;
    }

    private static boolean isConditionalWrite(Request request) {
      String query = String.valueOf(request.getHttpURI().getQuery());
      return switch (request.getMethod()) {
        case "PUT", "DELETE" -> request.getHeaders().contains(HttpHeader.IF_MATCH);
        case "POST" -> query.contains("uploadId="); // completes a multipart upload
        default -> false;
      };
    }

    private static String decodedPath(Request request) {
      String path = request.getHttpURI().getPath();
      return URLDecoder.decode(path.substring(1).replace("+", "%2B"), StandardCharsets.UTF_8);
    }
  }

  /** A request whose body is here already. */
  private static final class ReadRequest extends Request.Wrapper {
    private Content.Chunk next;

    ReadRequest(Request request) throws IOException {
      super(request);
      ByteBuffer body = Content.Source.asByteBuffer(request);
      next = Content.Chunk.from(body, true);
    }

    @Override
    public Content.Chunk read() {
      Content.Chunk current = next;
      next = Content.Chunk.EOF;
      return current;
    }

    @Override
    public void demand(Runnable whenAvailable) {
      whenAvailable.run();
    }
  }

  /**
   * Below S3Proxy: whatever changes a key waits for a conditional request on it, and nothing is
   * removed while something is written.
   */
  private static class TurnTakingStore extends ForwardingBlobStore {
    private final KeyLocks locks;

    /** Removing the last object of a folder removes the folder, also from under a writer in it. */
    private final ReadWriteLock folders = new ReentrantReadWriteLock();

    TurnTakingStore(BlobStore next, KeyLocks locks) {
      super(next);
      this.locks = locks;
    }

    @Override
    public PutObjectResponse putBlob(PutObjectRequest request, InputStream body) {
      return holding(
          locks.of(request.bucket(), request.key()),
          () -> holding(folders.readLock(), () -> super.putBlob(request, body)));
    }

    @Override
    public CopyObjectResponse copyBlob(CopyObjectRequest request) {
      return holding(
          locks.of(request.destinationBucket(), request.destinationKey()),
          () -> holding(folders.readLock(), () -> super.copyBlob(request)));
    }

    @Override
    public DeleteObjectResponse removeBlob(DeleteObjectRequest request) {
      return holding(
          locks.of(request.bucket(), request.key()),
          () -> holding(folders.writeLock(), () -> super.removeBlob(request)));
    }

    @Override
    public MultipartUpload initiateMultipartUpload(CreateMultipartUploadRequest request) {
      return holding(folders.readLock(), () -> super.initiateMultipartUpload(request));
    }

    @Override
    public UploadPartResponse uploadMultipartPart(
        MultipartUpload upload, UploadPartRequest request, InputStream body) {
      return holding(folders.readLock(), () -> super.uploadMultipartPart(upload, request, body));
    }

    /**
     * Puts the parts together, which takes long and must not hold up others; it removes only
     * folders of its own.
     */
    @Override
    public CompleteMultipartUploadResponse completeMultipartUpload(
        MultipartUpload upload, CompleteMultipartUploadRequest request) {
      return holding(folders.readLock(), () -> super.completeMultipartUpload(upload, request));
    }

    @Override
    public void abortMultipartUpload(MultipartUpload upload) {
      holding(
          folders.writeLock(),
          () -> {
            super.abortMultipartUpload(upload);
            return upload;
          });
    }

    static <T> T holding(Lock lock, Supplier<T> work) {
      lock.lock();
      try {
        return work.get();
      } finally {
        lock.unlock();
      }
    }
  }

  /**
   * Removes files and leaves folders, so that removals need not wait until nothing is written: a
   * bucket from which hundreds of objects go while others are put into it would stall those.
   */
  private static final class FolderKeepingStore extends TurnTakingStore {
    private final KeyLocks locks;
    private final Path root;

    FolderKeepingStore(BlobStore next, KeyLocks locks, Path root) {
      super(next, locks);
      this.locks = locks;
      this.root = root;
    }

    @Override
    public DeleteObjectResponse removeBlob(DeleteObjectRequest request) {
      Path file = root.resolve(request.bucket()).resolve(request.key()).normalize();
      if (!file.startsWith(root) || Files.isDirectory(file)) {
        return super.removeBlob(request);
      }
      return holding(
          locks.of(request.bucket(), request.key()),
          () -> {
            try {
              Files.deleteIfExists(file);
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
            return DeleteObjectResponse.builder().build();
          });
    }
  }
}
