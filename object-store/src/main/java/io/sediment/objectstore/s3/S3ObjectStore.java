package io.sediment.objectstore.s3;

import io.sediment.objectstore.ByteRange;
import io.sediment.objectstore.ETag;
import io.sediment.objectstore.ListedObject;
import io.sediment.objectstore.MultipartUpload;
import io.sediment.objectstore.ObjectBody;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.objectstore.PutResult;
import io.sediment.objectstore.StoredBytes;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.model.ChecksumAlgorithm;
import software.amazon.awssdk.services.s3.model.CreateMultipartUploadRequest;
import software.amazon.awssdk.services.s3.model.Delete;
import software.amazon.awssdk.services.s3.model.DeleteObjectsRequest;
import software.amazon.awssdk.services.s3.model.DeleteObjectsResponse;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.s3.model.HeadObjectRequest;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Request;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;
import software.amazon.awssdk.services.s3.model.ObjectIdentifier;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.S3Error;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * A bucket on S3, or on a server that speaks its protocol. One request is one attempt.
 *
 * <p>Conditions are {@code If-None-Match: *} and {@code If-Match} on single puts only: the one kind
 * that every server worth using gets right.
 */
public final class S3ObjectStore implements ObjectStore {
  /** What one DeleteObjects and one page of a listing may hold. */
  private static final int KEYS_PER_REQUEST = 1000;

  private final S3StoreConfig config;
  private final S3Connections connections;
  private final S3AsyncClient s3;
  private final OpenRequests requests = new OpenRequests();

  private S3ObjectStore(S3StoreConfig config, S3Connections connections) {
    this.config = config;
    this.connections = connections;
    this.s3 = connections.client();
  }

  /**
   * Opens a store with connections and threads of its own; connects to nothing yet.
   *
   * @param name of its threads: what the store is used for
   */
  public static S3ObjectStore open(S3StoreConfig config, String name) {
    return open(config, name, new FoundCredentials());
  }

  static S3ObjectStore open(S3StoreConfig config, String name, AwsCredentialsProvider credentials) {
    return new S3ObjectStore(config, S3Connections.open(config, name, credentials));
  }

  @Override
  public CompletableFuture<PutResult> putIfAbsent(ObjectKey key, ObjectBody body) {
    return put("put if absent", key, body, request -> request.ifNoneMatch("*"));
  }

  @Override
  public CompletableFuture<PutResult> putIfMatch(ObjectKey key, ETag expected, ObjectBody body) {
    // Without quotes: S3 takes both, Ceph RGW only this.
    return put("put if match", key, body, request -> request.ifMatch(expected.value()));
  }

  private CompletableFuture<PutResult> put(
      String verb,
      ObjectKey key,
      ObjectBody body,
      UnaryOperator<PutObjectRequest.Builder> condition) {
    BodyInFlight sending = new BodyInFlight(body);
    return requests.start(
        what(verb, key) + " length=" + body.length(),
        sending,
        () ->
            s3.putObject(
                    condition
                        .apply(
                            PutObjectRequest.builder()
                                .bucket(config.bucket())
                                .key(path(key))
                                .contentLength(body.length())
                                .checksumCRC32C(checksum(body)))
                        .build(),
                    sending)
                .handle(
                    (response, failure) -> {
                      if (failure == null) {
                        return new PutResult.Created(eTag(response.eTag()));
                      }
                      if (S3Errors.hasStatus(failure, S3Errors.PRECONDITION_FAILED)
                          || S3Errors.is(failure, S3Errors.NOT_FOUND, "NoSuchKey")) {
                        return new PutResult.PreconditionFailed();
                      }
                      throw Failed.with(failure);
                    }));
  }

  @Override
  public CompletableFuture<Optional<StoredBytes>> get(ObjectKey key, ByteRange range) {
    return requests.start(
        what("get", key) + " range=" + range,
        null,
        () ->
            s3.getObject(
                    GetObjectRequest.builder()
                        .bucket(config.bucket())
                        .key(path(key))
                        .range(header(range))
                        .build(),
                    new ObjectSink(range))
                .handle(
                    (stored, failure) -> {
                      if (failure == null) {
                        return CompletableFuture.completedFuture(Optional.of(stored));
                      }
                      if (S3Errors.is(failure, S3Errors.NOT_FOUND, "NoSuchKey")) {
                        return CompletableFuture.completedFuture(Optional.<StoredBytes>empty());
                      }
                      if (S3Errors.hasStatus(failure, S3Errors.RANGE_NOT_SATISFIABLE)) {
                        return nothingOf(key);
                      }
                      return CompletableFuture.<Optional<StoredBytes>>failedFuture(failure);
                    })
                .thenCompose(answer -> answer));
  }

  /** No bytes of an object: the range lies behind its end. Only HEAD tells length and tag. */
  private CompletableFuture<Optional<StoredBytes>> nothingOf(ObjectKey key) {
    return s3.headObject(HeadObjectRequest.builder().bucket(config.bucket()).key(path(key)).build())
        .handle(
            (head, failure) -> {
              if (failure == null) {
                return Optional.of(
                    new StoredBytes(
                        ByteBuffer.allocate(0), head.contentLength(), eTag(head.eTag())));
              }
              if (S3Errors.is(failure, S3Errors.NOT_FOUND, "NoSuchKey")) {
                return Optional.empty();
              }
              throw Failed.with(failure);
            });
  }

  @Override
  public CompletableFuture<Void> delete(Collection<ObjectKey> keys) {
    List<ObjectKey> all = List.copyOf(keys);
    String what =
        "delete: bucket="
            + config.bucket()
            + " keys="
            + all.size()
            + (all.isEmpty() ? "" : " first=" + path(all.get(0)));
    return requests.start(
        what,
        null,
        () -> {
          CompletableFuture<Void> done = CompletableFuture.completedFuture(null);
          for (int from = 0; from < all.size(); from += KEYS_PER_REQUEST) {
            List<ObjectKey> some = all.subList(from, Math.min(all.size(), from + KEYS_PER_REQUEST));
            done = done.thenCompose(before -> deleteAtOnce(what, some));
          }
          return done;
        });
  }

  private CompletableFuture<@Nullable Void> deleteAtOnce(String what, List<ObjectKey> keys) {
    List<ObjectIdentifier> names =
        keys.stream().map(key -> ObjectIdentifier.builder().key(path(key)).build()).toList();
    return s3.deleteObjects(
            DeleteObjectsRequest.builder()
                .bucket(config.bucket())
                .delete(Delete.builder().objects(names).quiet(true).build())
                .build())
        .thenApply(
            response -> {
              throwFirstError(what, response);
              return null;
            });
  }

  private static void throwFirstError(String what, DeleteObjectsResponse response) {
    List<S3Error> errors =
        response.errors().stream().filter(error -> !"NoSuchKey".equals(error.code())).toList();
    if (!errors.isEmpty()) {
      S3Error first = errors.get(0);
      throw S3Errors.ofCode(
          what
              + ": failed="
              + errors.size()
              + " key="
              + first.key()
              + " code="
              + first.code()
              + " message="
              + first.message(),
          String.valueOf(first.code()));
    }
  }

  @Override
  public CompletableFuture<List<ListedObject>> list(String prefix, String startAfter, int limit) {
    ObjectStore.checkListing(prefix, limit);
    List<ListedObject> rows = new ArrayList<>();
    return requests.start(
        "list: bucket=" + config.bucket() + " prefix=" + config.keyPrefix() + prefix,
        null,
        () ->
            nextPage(
                rows,
                limit,
                ListObjectsV2Request.builder()
                    .bucket(config.bucket())
                    .prefix(config.keyPrefix() + prefix)
                    .startAfter(startAfter.isEmpty() ? null : config.keyPrefix() + startAfter)
                    .build()));
  }

  private CompletableFuture<List<ListedObject>> nextPage(
      List<ListedObject> rows, int limit, ListObjectsV2Request request) {
    int missing = Math.min(KEYS_PER_REQUEST, limit - rows.size());
    return s3.listObjectsV2(request.toBuilder().maxKeys(missing).build())
        .thenCompose(
            (ListObjectsV2Response page) -> {
              for (S3Object object : page.contents()) {
                addIfOurs(rows, object);
              }
              if (rows.size() >= limit || !Boolean.TRUE.equals(page.isTruncated())) {
                return CompletableFuture.completedFuture(rows);
              }
              return nextPage(
                  rows,
                  limit,
                  request.toBuilder().continuationToken(page.nextContinuationToken()).build());
            });
  }

  /**
   * Others may keep objects here that are no keys of ours, such as the folder marks of consoles.
   */
  private void addIfOurs(List<ListedObject> rows, S3Object object) {
    try {
      ObjectKey key = new ObjectKey(object.key().substring(config.keyPrefix().length()));
      rows.add(new ListedObject(key, object.size()));
    } catch (IllegalArgumentException foreign) {
      return;
    }
  }

  @Override
  public CompletableFuture<MultipartUpload> startMultipart(ObjectKey key) {
    return requests.start(
        what("start multipart", key),
        null,
        () ->
            s3.createMultipartUpload(
                    CreateMultipartUploadRequest.builder()
                        .bucket(config.bucket())
                        .key(path(key))
                        .checksumAlgorithm(sendsChecksums() ? ChecksumAlgorithm.CRC32_C : null)
                        .build())
                .thenApply(response -> new S3MultipartUpload(this, key, response.uploadId())));
  }

  @Override
  public void close() {
    requests.close();
    connections.close(requests::abandon);
  }

  // ---- for the multipart upload

  S3AsyncClient client() {
    return s3;
  }

  OpenRequests requests() {
    return requests;
  }

  String bucket() {
    return config.bucket();
  }

  /** The key as the bucket knows it. */
  String path(ObjectKey key) {
    return config.keyPrefix() + key.value();
  }

  String what(String verb, ObjectKey key) {
    return verb + ": bucket=" + config.bucket() + " key=" + path(key);
  }

  /** The body's CRC32C as S3 writes it, or null where checksums stay at home. */
  @Nullable String checksum(ObjectBody body) {
    if (!sendsChecksums()) {
      return null;
    }
    CRC32C crc = new CRC32C();
    for (ByteBuffer buffer : body.buffers()) {
      crc.update(buffer);
    }
    byte[] bigEndian = ByteBuffer.allocate(Integer.BYTES).putInt((int) crc.getValue()).array();
    return Base64.getEncoder().encodeToString(bigEndian);
  }

  boolean sendsChecksums() {
    return config.checksumMode() == S3StoreConfig.ChecksumMode.WHEN_SUPPORTED;
  }

  /** Tags are kept without quotes: servers differ in which of both they give and take. */
  static ETag eTag(String header) {
    return new ETag(header.replace("\"", ""));
  }

  static @Nullable String header(ByteRange range) {
    if (range instanceof ByteRange.Suffix suffix) {
      return "bytes=-" + suffix.length();
    }
    ByteRange.Slice slice = (ByteRange.Slice) range;
    if (slice.length() > Long.MAX_VALUE - slice.position()) {
      return slice.position() == 0 ? null : "bytes=" + slice.position() + "-";
    }
    long last = slice.position() + slice.length() - 1;
    return last == Long.MAX_VALUE - 1 && slice.position() == 0
        ? null
        : "bytes=" + slice.position() + "-" + last;
  }
}
