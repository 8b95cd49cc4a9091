using TrainingCluster.Settings;
using TrainingCluster.TestSupport;
using TrainingCluster.Worker.Hosting;

namespace TrainingCluster.Worker.Tests.Hosting;

public class WorkerSettingsTests
{
    [Fact]
    public void Settings_OfTheWorker_AreDocumented() =>
        GeneratedDocument.VerifySection("Worker", SettingsTable.Of(WorkerSections.All), "docs", "configuration.md");

    [Fact]
    public void Settings_OfTheWorker_HaveDefaultsInRange() =>
        Assert.All(
            WorkerSections.All.SelectMany(section => section.Settings).OfType<DurationSetting>(),
            setting => Assert.InRange(setting.Default, setting.Least, setting.Greatest)
        );
}
