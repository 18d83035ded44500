/**
 * The alphabet of the binary formats: fixed big-endian numbers, varints, typed extension fields and
 * CRC32C. Each format's layout class spells its words with it; nothing here knows an object.
 *
 * <p>A reader checks every bound before it reads and every count before it allocates, and fails
 * with {@link io.sediment.lsm.CorruptObjectException} only, whatever the bytes are.
 */
@NullMarked
package io.sediment.lsm.codec;

import org.jspecify.annotations.NullMarked;
