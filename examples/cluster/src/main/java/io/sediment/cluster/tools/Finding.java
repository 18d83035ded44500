package io.sediment.cluster.tools;

import java.util.Locale;

/**
 * Something that fsck has to say.
 *
 * @param check which of its questions was answered badly
 * @param subject key of an object, or else a lane or a partition
 * @param where names the block where it is one
 */
record Finding(Severity severity, Check check, String subject, Damage.Where where, String problem) {
  /** How bad it is. */
  enum Severity {
    /** Records or metadata are lost, altered or double. */
    DAMAGE,
    /** It looks wrong, and may be right for reasons that are not in the bucket. */
    WARNING
  }

  /** What is asked. The invariants are those of docs/tools.md. */
  enum Check {
    CHECKSUM,
    METADATA,
    I1,
    I2,
    I3,
    I4,
    I5,
    I6,
    I7,
    I8,
    I9,
    I10
  }

  /** What makes two findings of two looks the same one. */
  record Identity(Check check, String subject) {}

  static Finding damage(Check check, Object subject, String problem) {
    return new Finding(Severity.DAMAGE, check, subject.toString(), Damage.Where.WHOLE, problem);
  }

  static Finding warning(Check check, Object subject, String problem) {
    return new Finding(Severity.WARNING, check, subject.toString(), Damage.Where.WHOLE, problem);
  }

  static Finding of(Damage damage) {
    return new Finding(
        Severity.DAMAGE, Check.CHECKSUM, damage.key().toString(), damage.where(), damage.problem());
  }

  boolean isDamage() {
    return severity == Severity.DAMAGE;
  }

  Identity identity() {
    return new Identity(check, subject);
  }

  Row row() {
    return where
        .on(
            new Row("finding")
                .with("severity", severity.name().toLowerCase(Locale.ROOT))
                .with(
                    "check",
                    check == Check.CHECKSUM || check == Check.METADATA
                        ? check.name().toLowerCase(Locale.ROOT)
                        : check.name())
                .with("subject", subject))
        .with("problem", problem);
  }
}
