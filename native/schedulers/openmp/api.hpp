/* The omp_* calls that fortran.cc passes on; omp.h itself declares them too, with types of its own. */
#ifndef HARTS_OPENMP_API_HPP
#define HARTS_OPENMP_API_HPP

extern "C" {

void omp_set_num_threads(int threads);
int omp_get_thread_num(void);
int omp_get_num_threads(void);
int omp_get_max_threads(void);
int omp_get_num_procs(void);
int omp_in_parallel(void);
void omp_set_dynamic(int on);
int omp_get_dynamic(void);
void omp_set_nested(int on);
int omp_get_nested(void);
void omp_set_max_active_levels(int levels);
int omp_get_max_active_levels(void);
int omp_get_supported_active_levels(void);
void omp_set_schedule(unsigned kind, int chunk);
void omp_get_schedule(unsigned *kind, int *chunk);
int omp_get_thread_limit(void);
int omp_get_level(void);
int omp_get_active_level(void);
int omp_get_ancestor_thread_num(int level);
int omp_get_team_size(int level);
double omp_get_wtime(void);
double omp_get_wtick(void);
int omp_in_final(void);
int omp_get_cancellation(void);
int omp_get_max_task_priority(void);
int omp_get_proc_bind(void);
int omp_get_num_places(void);
int omp_get_place_num(void);
int omp_get_place_num_procs(int place);
void omp_get_place_proc_ids(int place, int *ids);
void omp_get_partition_place_nums(int *numbers);
int omp_get_partition_num_places(void);
int omp_get_num_teams(void);
int omp_get_team_num(void);
int omp_is_initial_device(void);
int omp_get_initial_device(void);
int omp_get_num_devices(void);
int omp_get_device_num(void);
void omp_set_default_device(int device);
int omp_get_default_device(void);
void omp_display_env(int verbose);

}  // extern "C"

#endif
