using System.CommandLine;
using TrainingCluster.Bench;
using TrainingCluster.Native;

// Before libtorch is loaded: its thread pools are made then.
NativeSettings.Apply();
var root = new RootCommand("Benchmarks of the training cluster: tables of medians, with --peer beside PyTorch and gloo.")
{
    StepBench.Command(),
    AllReduceBench.Command(),
    SearchBench.Command(),
    StepBench.WorkerCommand(),
    AllReduceBench.WorkerCommand(),
};
return await root.Parse(args).InvokeAsync();
