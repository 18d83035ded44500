package io.sediment.objectstore.s3;

import io.sediment.objectstore.ByteRange;
import io.sediment.objectstore.ETag;
import io.sediment.objectstore.MultipartUpload;
import io.sediment.objectstore.ObjectBody;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStoreException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.s3.model.AbortMultipartUploadRequest;
import software.amazon.awssdk.services.s3.model.CompleteMultipartUploadRequest;
import software.amazon.awssdk.services.s3.model.CompletedMultipartUpload;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.UploadPartCopyRequest;
import software.amazon.awssdk.services.s3.model.UploadPartRequest;

/** One multipart upload. S3 wants the checksum of every part again when the object is made. */
final class S3MultipartUpload implements MultipartUpload {
  private final S3ObjectStore store;
  private final ObjectKey key;
  private final String uploadId;
  private final Map<Part, String> checksums = new ConcurrentHashMap<>();
  private volatile boolean completed;

  S3MultipartUpload(S3ObjectStore store, ObjectKey key, String uploadId) {
    this.store = store;
    this.key = key;
    this.uploadId = uploadId;
  }

  @Override
  public CompletableFuture<Part> put(int number, ObjectBody body) {
    BodyInFlight sending = new BodyInFlight(body);
    return store
        .requests()
        .start(
            what("put part") + " part=" + number + " length=" + body.length(),
            sending,
            () -> {
              @Nullable String checksum = store.checksum(body);
              return store
                  .client()
                  .uploadPart(
                      UploadPartRequest.builder()
                          .bucket(store.bucket())
                          .key(store.path(key))
                          .uploadId(uploadId)
                          .partNumber(number)
                          .contentLength(body.length())
                          .checksumCRC32C(checksum)
                          .build(),
                      sending)
                  .thenApply(response -> part(number, response.eTag(), checksum));
            });
  }

  @Override
  public CompletableFuture<Part> copy(int number, ObjectKey source, ByteRange.Slice range) {
    String what = what("copy part") + " part=" + number + " source=" + source + " range=" + range;
    CompletableFuture<Part> outcome = new CompletableFuture<>();
    store
        .requests()
        .start(what, null, () -> copyThere(number, source, range))
        .thenCompose(
            part ->
                store.sendsChecksums() && !checksums.containsKey(part)
                    ? copyThroughHere(what, number, source, range)
                    : CompletableFuture.completedFuture(part))
        .whenComplete(
            (part, failure) -> {
              if (failure == null) {
                outcome.complete(part);
              } else { // the exception itself, not one wrapped by the chain
                outcome.completeExceptionally(S3Errors.map(what, failure));
              }
            });
    return outcome;
  }

  private CompletableFuture<Part> copyThere(int number, ObjectKey source, ByteRange.Slice range) {
    return store
        .client()
        .uploadPartCopy(
            UploadPartCopyRequest.builder()
                .sourceBucket(store.bucket())
                .sourceKey(store.path(source))
                .copySourceRange(S3ObjectStore.header(range))
                .destinationBucket(store.bucket())
                .destinationKey(store.path(key))
                .uploadId(uploadId)
                .partNumber(number)
                .build())
        .thenApply(
            response ->
                part(
                    number,
                    response.copyPartResult().eTag(),
                    response.copyPartResult().checksumCRC32C()));
  }

  /**
   * For servers that want the checksum of a copied part in the end but do not tell it (S3Proxy).
   */
  private CompletableFuture<Part> copyThroughHere(
      String what, int number, ObjectKey source, ByteRange.Slice range) {
    return store
        .get(source, range)
        .thenCompose(
            stored ->
                stored
                    .map(found -> put(number, ObjectBody.of(found.bytes())))
                    .orElseGet(
                        () ->
                            CompletableFuture.failedFuture(
                                new ObjectStoreException.Refused(
                                    what + ": the source is gone", null))));
  }

  private Part part(int number, String eTag, @Nullable String checksum) {
    Part part = new Part(number, S3ObjectStore.eTag(eTag));
    if (checksum != null) {
      checksums.put(part, checksum);
    }
    return part;
  }

  @Override
  public CompletableFuture<ETag> complete(List<Part> parts) {
    List<CompletedPart> rows =
        parts.stream()
            .map(
                part ->
                    CompletedPart.builder()
                        .partNumber(part.number())
                        .eTag(part.eTag().value())
                        .checksumCRC32C(checksums.get(part))
                        .build())
            .toList();
    return store
        .requests()
        .start(
            what("complete multipart") + " parts=" + parts.size(),
            null,
            () ->
                store
                    .client()
                    .completeMultipartUpload(
                        CompleteMultipartUploadRequest.builder()
                            .bucket(store.bucket())
                            .key(store.path(key))
                            .uploadId(uploadId)
                            .multipartUpload(CompletedMultipartUpload.builder().parts(rows).build())
                            .build())
                    .thenApply(
                        response -> {
                          completed = true;
                          return S3ObjectStore.eTag(response.eTag());
                        }));
  }

  @Override
  public CompletableFuture<Void> abort() {
    if (completed) {
      return CompletableFuture.completedFuture(null);
    }
    return store
        .requests()
        .start(
            what("abort multipart"),
            null,
            () ->
                store
                    .client()
                    .abortMultipartUpload(
                        AbortMultipartUploadRequest.builder()
                            .bucket(store.bucket())
                            .key(store.path(key))
                            .uploadId(uploadId)
                            .build())
                    .handle(
                        (response, failure) -> {
                          if (failure == null
                              || S3Errors.is(failure, S3Errors.NOT_FOUND, "NoSuchUpload")) {
                            return null;
                          }
                          throw Failed.with(failure);
                        }));
  }

  private String what(String verb) {
    return store.what(verb, key) + " uploadId=" + uploadId;
  }
}
