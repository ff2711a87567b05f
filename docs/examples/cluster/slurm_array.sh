#!/bin/bash
# One run on 50 nodes that need no network between them: each job does every 50th block into one shared folder.
# The last one completes the run. If some were lost, unwind resume OUTPUT does what is missing, or the same jobs again:
# sbatch --array=7,31 --export=ALL,SHARDS=50 slurm_array.sh. Where UNWIND_CACHE is a shared folder, unwind warm-up
# compiles the model once for all of them. B: has SLURM warn the script itself, which unwind has taken the place of.
#SBATCH --job-name=unwind
#SBATCH --array=1-50
#SBATCH --cpus-per-task=4
#SBATCH --mem=8G
#SBATCH --time=02:00:00
#SBATCH --signal=B:TERM@60
#SBATCH --requeue

exec unwind run "${SCENARIO:-dash-for-cash-2020}" --paths "${PATHS:-1000000}" -o "${OUTPUT:-/shared/results/dash}" \
  --threads "${SLURM_CPUS_PER_TASK:-4}" --shard "${SLURM_ARRAY_TASK_ID:-1}/${SHARDS:-${SLURM_ARRAY_TASK_COUNT:-50}}" --quiet
