#!/bin/bash
# One run on 50 nodes that need no network between them: each job does every 50th block into one shared folder.
# The last one completes the run. If some were lost, unwind resume OUTPUT does what is missing. Where UNWIND_CACHE is a
# shared folder, unwind warm-up compiles the model once for all of them.
#SBATCH --job-name=unwind
#SBATCH --array=1-50
#SBATCH --cpus-per-task=4
#SBATCH --mem=8G
#SBATCH --time=02:00:00
#SBATCH --signal=TERM@60
#SBATCH --requeue

exec unwind run dash-for-cash-2020 --paths 1000000 -o "${OUTPUT:-/shared/results/dash}" \
  --threads "${SLURM_CPUS_PER_TASK:-4}" --shard "${SLURM_ARRAY_TASK_ID:-1}/${SLURM_ARRAY_TASK_COUNT:-50}" --quiet
