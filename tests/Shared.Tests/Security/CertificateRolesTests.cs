using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using TrainingCluster.Security;

namespace TrainingCluster.Tests.Security;

public sealed class CertificateRolesTests
{
    private const string SubjectAlternativeName = "2.5.29.17";
    private const string Coordinator = "spiffe://training-cluster/coordinator";
    private const string Worker = "spiffe://training-cluster/worker";

    [Theory]
    [InlineData(CertificateRole.Coordinator, Coordinator)]
    [InlineData(CertificateRole.Worker, Worker)]
    [InlineData(CertificateRole.Serving, "spiffe://training-cluster/serving")]
    public void RoleOf_CertificateWithItsUri_IsRead(CertificateRole role, string uri)
    {
        Assert.Equal(uri, CertificateRoles.UriOf(role).ToString());
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(System.Net.IPAddress.IPv6Loopback);
        names.AddUri(CertificateRoles.UriOf(role));
        names.AddUri(new Uri("https://example.org/worker"));
        names.AddEmailAddress("worker@example.org");
        using var certificate = Certificate(names.Build());
        Assert.Equal(role, CertificateRoles.RoleOf(certificate));
    }

    [Theory]
    [InlineData]
    [InlineData(Coordinator, Worker)]
    [InlineData("spiffe://training-cluster/admin")]
    [InlineData("spiffe://training-cluster/worker/1")]
    [InlineData("spiffe://training-cluster/worker/")]
    [InlineData("spiffe://training-cluster/Worker")]
    [InlineData("spiffe://training-cluster.example.org/worker")]
    [InlineData("spiffe://example.org/worker")]
    [InlineData("http://training-cluster/worker")]
    [InlineData("")]
    public void RoleOf_OtherUris_IsNone(params string[] uris)
    {
        using var certificate = Certificate(Names([.. uris.Select(Encoding.ASCII.GetBytes)]));
        Assert.Null(CertificateRoles.RoleOf(certificate));
    }

    [Fact]
    public void RoleOf_SameRoleTwice_IsThatRole()
    {
        using var certificate = Certificate(Names([.. new[] { Worker, Worker }.Select(Encoding.ASCII.GetBytes)]));
        Assert.Equal(CertificateRole.Worker, CertificateRoles.RoleOf(certificate));
    }

    [Fact]
    public void RoleOf_CertificateWithoutNames_IsNone()
    {
        using var certificate = Certificate(null);
        Assert.Null(CertificateRoles.RoleOf(certificate));
    }

    [Fact]
    public void RoleOf_UriThatIsNoAscii_IsNone()
    {
        using var certificate = Certificate(Names(Encoding.UTF8.GetBytes(Worker), [0xC3, 0xA4]));
        Assert.Null(CertificateRoles.RoleOf(certificate));
    }

    [Fact]
    public void RoleOf_NamesCutOffOrChangedAnywhere_IsNoneOrWhatTheyStillSay()
    {
        var whole = Names(Encoding.ASCII.GetBytes(Worker)).RawData;
        var damaged = Enumerable
            .Range(0, whole.Length)
            .Select(length => whole[..length])
            .Append([.. whole, 0])
            .Concat(Enumerable.Range(0, whole.Length).SelectMany(at => (byte[][])[Changed(whole, at, 0xFF), Changed(whole, at, 0x80)]));
        foreach (var bytes in damaged)
        {
            using var certificate = Certificate(new X509Extension(SubjectAlternativeName, bytes, critical: false));
            Assert.Null(CertificateRoles.RoleOf(certificate));
        }
    }

    private static byte[] Changed(byte[] bytes, int at, byte bits)
    {
        var changed = bytes.ToArray();
        changed[at] ^= bits;
        return changed;
    }

    private static X509Extension Names(params byte[][] uris)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            foreach (var uri in uris)
            {
                // The bytes as they are: what a writer of text would refuse too.
                writer.WriteOctetString(uri, new Asn1Tag(TagClass.ContextSpecific, 6));
            }
        }
        return new X509Extension(SubjectAlternativeName, writer.Encode(), critical: false);
    }

    private static X509Certificate2 Certificate(X509Extension? names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=test", key, HashAlgorithmName.SHA256);
        if (names is not null)
        {
            request.CertificateExtensions.Add(names);
        }
        return request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
    }
}
