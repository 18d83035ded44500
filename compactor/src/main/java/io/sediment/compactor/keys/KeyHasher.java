package io.sediment.compactor.keys;

import io.sediment.lsm.records.RecordCursor;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.DigestException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * Hashes keys to 128 bits: the first half of SHA-256. Two keys with one hash would cost the older
 * one its value, so the hash must withstand clients that look for such keys. Not thread-safe.
 */
public final class KeyHasher {
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  private final MessageDigest digest;
  private final byte[] hash;

  public KeyHasher() {
    try {
      this.digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
    this.hash = new byte[digest.getDigestLength()];
  }

  /** Takes the key of the record that {@code record} stands at, which has one. */
  void hash(RecordCursor record) {
    record.digestKey(digest);
    finish();
  }

  /** Takes a key from position to limit, which stay where they are. */
  public void hash(ByteBuffer key) {
    digest.update(key.duplicate());
    finish();
  }

  private void finish() {
    try {
      digest.digest(hash, 0, hash.length);
    } catch (DigestException e) {
      throw new IllegalStateException("the array has the digest's length", e);
    }
  }

  /** First eight bytes of the last hash. */
  public long high() {
    return (long) LONGS.get(hash, 0);
  }

  /** The next eight. */
  public long low() {
    return (long) LONGS.get(hash, Long.BYTES);
  }
}
