/**
 * The functions that a query may call: Trino 414's built-in ones (docs "List of functions and
 * operators", and those its other pages name), nearest to Athena engine v3. Left out: what tells of
 * the system or the user (`version`, `current_user`), what gives another answer each time
 * (`random`, `uuid`, `shuffle`), what a plugin of its own brings (machine learning, Teradata).
 */
export type FunctionKind = 'scalar' | 'aggregate' | 'window'

/** The kind of a function, by its name in lower case; null for every other name. */
export const functionKind = (name: string): FunctionKind | null => kinds.get(name) ?? null

const names = (text: string): readonly string[] => text.trim().split(/\s+/)

const aggregates = names(`
  any_value approx_distinct approx_most_frequent approx_percentile approx_set arbitrary array_agg
  avg bitwise_and_agg bitwise_or_agg bitwise_xor_agg bool_and bool_or checksum convex_hull_agg
  corr count count_if covar_pop covar_samp every geometric_mean geometry_union_agg grouping
  histogram kurtosis listagg make_set_digest map_agg map_union max max_by merge merge_set_digest
  min min_by multimap_agg numeric_histogram qdigest_agg reduce_agg regr_avgx regr_avgy regr_count
  regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy skewness stddev stddev_pop
  stddev_samp sum tdigest_agg var_pop var_samp variance
`)

const windows = names(`
  cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank
  row_number
`)

const numbers = names(`
  abs acos asin atan atan2 beta_cdf bit_count bitwise_and bitwise_left_shift bitwise_not
  bitwise_or bitwise_right_shift bitwise_right_shift_arithmetic bitwise_xor cbrt ceil ceiling cos
  cosh cosine_similarity degrees e exp floor from_base greatest infinity inverse_beta_cdf
  inverse_normal_cdf is_finite is_infinite is_nan least ln log log10 log2 mod nan normal_cdf pi
  pow power radians round sign sin sinh sqrt t_cdf t_pdf tan tanh to_base truncate width_bucket
  wilson_interval_lower wilson_interval_upper
`)

const texts = names(`
  char_length character_length chr codepoint concat concat_ws format from_utf8 hamming_distance
  human_readable_seconds length levenshtein_distance lower lpad ltrim luhn_check ngrams normalize
  parse_data_size parse_presto_data_size position regexp_count regexp_extract regexp_extract_all
  regexp_like regexp_position regexp_replace regexp_split replace reverse rpad rtrim soundex split
  split_part split_to_map split_to_multimap starts_with strpos substr substring to_utf8 translate
  trim typeof upper word_stem
`)

const bytes = names(`
  crc32 from_base32 from_base64 from_base64url from_big_endian_32 from_big_endian_64 from_hex
  from_ieee754_32 from_ieee754_64 hmac_md5 hmac_sha1 hmac_sha256 hmac_sha512 md5 murmur3 sha1
  sha256 sha512 spooky_hash_v2_32 spooky_hash_v2_64 to_base32 to_base64 to_base64url
  to_big_endian_32 to_big_endian_64 to_hex to_ieee754_32 to_ieee754_64 xxhash64
`)

const times = names(`
  at_timezone current_date current_time current_timestamp current_timezone date date_add date_diff
  date_format date_parse date_trunc day day_of_month day_of_week day_of_year dow doy extract
  format_datetime from_iso8601_date from_iso8601_timestamp from_iso8601_timestamp_nanos
  from_unixtime from_unixtime_nanos hour last_day_of_month localtime localtimestamp millisecond
  minute month now parse_datetime parse_duration quarter second timezone_hour timezone_minute
  to_iso8601 to_milliseconds to_unixtime week week_of_year with_timezone year year_of_week yow
`)

const collections = names(`
  all_match any_match array_distinct array_except array_first array_histogram array_intersect
  array_join array_last array_max array_min array_position array_remove array_sort array_union
  arrays_overlap cardinality combinations contains contains_sequence element_at filter flatten map
  map_concat map_entries map_filter map_from_entries map_keys map_values map_zip_with
  multimap_from_entries none_match reduce repeat sequence slice transform transform_keys
  transform_values trim_array zip zip_with
`)

const documents = names(`
  is_json_scalar json_array json_array_contains json_array_get json_array_length json_exists
  json_extract json_extract_scalar json_format json_object json_parse json_query json_size
  json_value url_decode url_encode url_extract_fragment
  url_extract_host url_extract_parameter url_extract_path url_extract_port url_extract_protocol
  url_extract_query
`)

const sketches = names(`
  cardinality empty_approx_set hash_counts intersection_cardinality jaccard_index
  quantile_at_value value_at_quantile values_at_quantiles
`)

const places = names(`
  bing_tile bing_tile_at bing_tile_coordinates bing_tile_polygon bing_tile_quadkey
  bing_tile_zoom_level bing_tiles_around from_encoded_polyline from_geojson_geometry
  geometry_from_hadoop_shape geometry_invalid_reason geometry_nearest_points
  geometry_to_bing_tiles geometry_union great_circle_distance line_interpolate_point
  line_interpolate_points line_locate_point simplify_geometry st_area st_asbinary st_astext
  st_boundary st_buffer st_centroid st_contains st_convexhull st_coorddim st_crosses st_difference
  st_dimension st_disjoint st_distance st_endpoint st_envelope st_envelopeaspts st_equals
  st_exteriorring st_geometries st_geometryfromtext st_geometryn st_geometrytype st_geomfrombinary
  st_interiorringn st_interiorrings st_intersection st_intersects st_isclosed st_isempty st_isring
  st_issimple st_isvalid st_length st_linefromtext st_linestring st_multipoint st_numgeometries
  st_numinteriorring st_numpoints st_overlaps st_point st_pointn st_points st_polygon st_relate
  st_startpoint st_symdifference st_touches st_union st_within st_x st_xmax st_xmin st_y st_ymax
  st_ymin to_encoded_polyline to_geojson_geometry to_geometry to_spherical_geography
`)

const shown = names('bar color render rgb')

/** Written as calls or in a syntax of their own. */
const forms = names('cast coalesce if nullif try try_cast')

const scalars = [
  numbers,
  texts,
  bytes,
  times,
  collections,
  documents,
  sketches,
  places,
  shown,
  forms
]

const kinds: ReadonlyMap<string, FunctionKind> = new Map([
  ...scalars.flat().map((name) => [name, 'scalar'] as const),
  ...windows.map((name) => [name, 'window'] as const),
  ...aggregates.map((name) => [name, 'aggregate'] as const)
])
