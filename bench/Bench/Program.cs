using System.CommandLine;
using System.CommandLine.Help;
using TrainingCluster.Bench;
using TrainingCluster.Hosting;
using TrainingCluster.Modeling.Native;
using TrainingCluster.Settings;

// Before libtorch is loaded: its thread pools are made then.
NativeSettings.Apply();
var root = new RootCommand("Benchmarks of the training cluster: tables of medians, with --peer beside PyTorch and gloo.")
{
    StepBench.Command(),
    AllReduceBench.Command(),
    SearchBench.Command(),
    DecodeBench.Command(),
    ServeBench.Command(),
    StoreBench.Command(),
    PageBench.Command(),
    MembersBench.Command(),
    LayersBench.Command(),
    HeadsBench.Command(),
    StepWorker.Command(),
    StepProducts.Command(),
    StepTorchSharp.Command(),
    AllReduceBench.WorkerCommand(),
};
var libtorch = ProgramOptions.LibtorchFolder();
libtorch.Recursive = true;
root.Options.Add(libtorch);
var parsed = Arguments.Read(root, args);
return await ProgramExit.RunAsync(
    "bench",
    async () =>
    {
        if (parsed.Errors.Count == 0 && parsed.Action is not HelpAction)
        {
            Libtorch.Load(parsed.GetValue(libtorch));
        }
        return await parsed.InvokeAsync();
    }
);
