package io.sediment.runtime;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Marks the few classes that may open files, because they are what stands between the disk and
 * everybody else: the local store, the metadata's folder, scratch space. The forbidden-API check
 * lets exactly these through.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
public @interface EdgeToTheDisk {}
