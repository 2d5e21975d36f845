#!/bin/bash
#SBATCH --job-name=mthn-search
#SBATCH --nodes=3
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=8
#SBATCH --time=02:00:00
#SBATCH --signal=B:TERM@180
# One Ray node a machine, and the search on the first of them: `sbatch slurm.sh data.csv [options of search]`.
set -euo pipefail

# All steps inherit it; `openssl` and not an argument, which other users of a machine could read.
export RAY_AUTH_MODE=token RAY_AUTH_TOKEN
RAY_AUTH_TOKEN=$(openssl rand -hex 32)

mapfile -t nodes < <(scontrol show hostnames "$SLURM_JOB_NODELIST")
head=${nodes[0]}
port=$((20000 + SLURM_JOB_ID % 20000)) # two jobs on one machine do not meet
address=$head:$port
cpus=${SLURM_CPUS_PER_TASK:-1}

# exec: what is started with `&`, and killed at the end, is then `srun` itself.
# --block: SLURM ends a step with its processes, so that `ray stop`, which ends other people's Ray too, is not needed.
on() { exec srun --nodes=1 --ntasks=1 --cpus-per-task="$cpus" --overlap --nodelist="$1" "${@:2}"; }
on "$head" ray start --head --block --port="$port" --num-cpus="$cpus" --include-dashboard=false \
    --temp-dir="/tmp/ray-$SLURM_JOB_ID" &
started=($!)
trap 'kill "${started[@]}" 2>/dev/null; wait' EXIT

# A node that finds no head gives up: they start once the head answers.
for _ in {1..120}; do
    if (exec 3<>"/dev/tcp/$head/$port") 2>/dev/null; then break; fi
    sleep 1
done
for node in "${nodes[@]:1}"; do
    on "$node" ray start --block --address="$address" --num-cpus="$cpus" &
    started+=($!)
done

# A search has as many workers as there are CPUs when it begins: all nodes first, for five minutes at most.
python - "$address" "${#nodes[@]}" <<'END'
import sys, time, ray
ray.init(address=sys.argv[1], log_to_driver=False, logging_level="ERROR")
for _ in range(300):
    if sum(node["Alive"] for node in ray.nodes()) >= int(sys.argv[2]):
        break
    time.sleep(1)
END

# SIGTERM, three minutes before the end, is passed on: the search stops as after Ctrl-C, and `resume` goes on.
mthn-automl search "$@" --address "$address" --quiet &
search=$!
trap 'kill -TERM "$search"' TERM
code=0
wait "$search" || code=$?
if kill -0 "$search" 2>/dev/null; then # a signal woke `wait`, not the end of the search
    code=0
    wait "$search" || code=$?
fi
exit "$code"
